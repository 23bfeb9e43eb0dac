import type { RequestHandler } from 'express';
import type { Batcher } from '../../reliable/batching/batcher.ts';
import { overloaded } from '../../reliable/refusal.ts';

/**
 * Refuse what the queue of its batch would refuse, before its body is read and understood: when many are refused, that is
 * most of what they cost.
 */
export function refuseWhenFull({ isFull }: Pick<Batcher<never, unknown>, 'isFull'>): RequestHandler {
  return (_req, _res, next) => {
    if (isFull()) throw overloaded();
    next();
  };
}
