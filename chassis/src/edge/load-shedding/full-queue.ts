import type { RequestHandler } from 'express';
import type { Batcher } from '../../reliable/batching/batcher.ts';
import { overloaded } from '../../reliable/refusal.ts';

/**
 * Refuse a request that the batch queue would refuse, before its body is read and parsed, which is most of the cost of a
 * refused request.
 */
export function refuseWhenFull({ isFull }: Pick<Batcher<never, unknown>, 'isFull'>): RequestHandler {
  return (_req, _res, next) => {
    if (isFull()) throw overloaded();
    next();
  };
}
