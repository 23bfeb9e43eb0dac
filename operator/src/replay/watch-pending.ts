import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway, ProgressTimeout } from '../gateway.ts';
import { listAll } from './listing.ts';

/** Short compared with the second in which the completer and the queues act; one request covers all waiting orders. */
const POLL_EVERY_MS = 500;

/** Reports when orders leave `pending`, by listing all pending orders instead of one request per order. */
export function watchPending(gateway: Gateway, apiKey: string, timeout: ProgressTimeout) {
  const waiting = new Map<string, PromiseWithResolvers<boolean>>();
  let watching = false;

  const watch = async () => {
    while (waiting.size > 0) {
      await delay(POLL_EVERY_MS);
      // Only an order that waited before the list was requested is decided if it is missing in the list.
      const asked = [...waiting.keys()];
      const listed = await listAll<{ id: string }>(gateway, { path: '/orders?status=pending', apiKey, timeout });
      const pending = new Set(listed?.map((order) => order.id));
      for (const id of asked) {
        if (pending.has(id) && !timeout.isOver()) continue;
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
    /** True as soon as the order is decided, false on giving up. */
    decided: (id: string): Promise<boolean> => {
      const known = waiting.get(id);
      if (known) return known.promise;
      const decision = Promise.withResolvers<boolean>();
      waiting.set(id, decision);
      if (!watching) {
        watching = true;
        watch().catch(fail);
      }
      return decision.promise;
    },
  };
}
