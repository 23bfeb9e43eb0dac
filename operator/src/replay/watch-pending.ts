import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway, Patience } from '../gateway.ts';
import { listAll } from './listing.ts';

/** Short beside the second within which the completer and the queues act, and one request for all that wait. */
const pollEvery = 500;

/** Tells when orders leave `pending`, with one list of all pending orders instead of a question per order. */
export function watchPending(gateway: Gateway, apiKey: string, patience: Patience) {
  const waiting = new Map<string, PromiseWithResolvers<boolean>>();
  let watching = false;

  const watch = async () => {
    while (waiting.size > 0) {
      await delay(pollEvery);
      // Only those that waited before the list was read can be missing in it because they settled.
      const asked = [...waiting.keys()];
      const listed = await listAll<{ id: string }>(gateway, { path: '/orders?status=pending', apiKey, patience });
      const pending = new Set(listed?.map((order) => order.id));
      for (const id of asked) {
        if (pending.has(id) && !patience.isOver()) continue;
        waiting.get(id)?.resolve(listed !== undefined && !pending.has(id));
        waiting.delete(id);
      }
    }
    watching = false;
  };

  const fail = (error: unknown) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };

  return {
    /** True as soon as the order is seen settled, false when patience ran out. */
    settled: (id: string): Promise<boolean> => {
      const known = waiting.get(id);
      if (known) return known.promise;
      const settling = Promise.withResolvers<boolean>();
      waiting.set(id, settling);
      if (!watching) {
        watching = true;
        watch().catch(fail);
      }
      return settling.promise;
    },
  };
}
