import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@shop/chassis/base/fault.ts';
import { createClient } from '../clients/typescript/src/index.ts';
import type { Evidence } from './evidence.ts';

export interface ChangeFollower {
  /** Ends when this many changes have come, or nothing more does; returns what came. */
  stop: (expected: number) => Promise<Evidence['streamed']>;
}

// The stream begins with counters as soon as it is connected.
const CONNECTED_WITHIN_MS = 30_000;
// A client that lost its connection pauses before it makes the next one.
const STILL_FOR_MS = 20_000;

/** Follow the stream of orders through all faults, as a console does. Resolves when it is connected. */
export async function followChanges(baseUrl: string, apiKey: string): Promise<ChangeFollower> {
  const streamed: Evidence['streamed'] = { changes: [], resets: 0, failures: [] };
  const isOver = new AbortController();
  const connected = Promise.withResolvers<void>();
  let heardAt = performance.now();
  const following = (async () => {
    const client = createClient({ baseUrl, apiKey });
    for await (const { event, data } of client.operations('orders').stream({ signal: isOver.signal })) {
      connected.resolve();
      if (event === 'order') {
        heardAt = performance.now();
        streamed.changes.push({ orderId: data.orderId, version: data.version });
      } else if (event === 'reset') streamed.resets += 1;
    }
  })().catch((error: unknown) => {
    if (!isOver.signal.aborted) streamed.failures.push(String(error));
  });
  const timer = setTimeout(
    () => connected.reject(new Fault('The stream of orders did not begin.')),
    CONNECTED_WITHIN_MS,
  );
  await connected.promise.finally(() => clearTimeout(timer));
  return {
    async stop(expected) {
      heardAt = performance.now();
      while (streamed.changes.length < expected && performance.now() - heardAt < STILL_FOR_MS) await delay(100);
      isOver.abort();
      await following;
      return streamed;
    },
  };
}
