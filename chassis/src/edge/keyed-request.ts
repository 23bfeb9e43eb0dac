import { fingerprintOf, type Operation } from '../reliable/idempotency/fingerprint.ts';
import type { KeyedRequest } from '../reliable/idempotency/keyed-request.ts';
import { clientIdOf, type Principal } from './principal.ts';

/** A keyed request of a principal for an operation. */
export function toKeyedRequest<Asked>(
  principal: Principal,
  key: string,
  operation: Operation<Asked>,
  asked: Asked,
): KeyedRequest {
  return { clientId: clientIdOf(principal), key, fingerprint: fingerprintOf(operation, asked) };
}
