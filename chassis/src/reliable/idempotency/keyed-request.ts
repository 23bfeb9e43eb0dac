import type { Response } from 'express';
import { clientOf } from '../../edge/callers.ts';
import { type Fingerprint, fingerprintOf, type Operation } from './fingerprint.ts';

/** Whose key it is. */
export interface KeyName {
  clientId: string;
  key: string;
}

/** A write as its key sees it: who sent it, and what it asks for. */
export interface KeyedRequest extends KeyName {
  fingerprint: Fingerprint;
}

/** This client's request for an operation, under its key. */
export function toKeyedRequest<Asked>(
  res: Response,
  key: string,
  operation: Operation<Asked>,
  asked: Asked,
): KeyedRequest {
  return { clientId: clientOf(res), key, fingerprint: fingerprintOf(operation, asked) };
}
