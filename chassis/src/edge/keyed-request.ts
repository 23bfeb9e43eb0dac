import type { Response } from 'express';
import { fingerprintOf, type Operation } from '../reliable/idempotency/fingerprint.ts';
import type { KeyedRequest } from '../reliable/idempotency/keyed-request.ts';
import { clientOf } from './callers.ts';

/** This client's request for an operation, under its key. */
export function toKeyedRequest<Asked>(
  res: Response,
  key: string,
  operation: Operation<Asked>,
  asked: Asked,
): KeyedRequest {
  return { clientId: clientOf(res), key, fingerprint: fingerprintOf(operation, asked) };
}
