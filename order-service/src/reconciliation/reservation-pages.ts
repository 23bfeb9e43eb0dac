/**
 * Reading inventory-service's reservations, for the comparison. It waits longer than an order, asks another process, and
 * gives up only after the time in which a process is restarted: a comparison of millions would have to begin again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ComparisonError } from '@shop/chassis/operations/reconciliation/run.ts';
import { z } from 'zod';
import { type InventoryTargets, UnexpectedStatusError } from '../reservations/inventory-targets.ts';

export interface ReservationLook {
  id: string;
  state: 'held' | 'fulfilled' | 'released' | 'rejected';
}

/** Where a page begins: behind this id, or where the last one has ended; with neither, at the first. */
export interface PageFrom {
  after?: string;
  cursor?: string;
}

export interface ReservationPages {
  /** Reservations in the order of their ids, a page at a time. */
  page(from: PageFrom, signal: AbortSignal): Promise<{ items: ReservationLook[]; nextCursor?: string }>;
  /** Those with these ids, at most {@link PAGE}; unknown ones are absent. */
  lookup(ids: readonly string[], signal: AbortSignal): Promise<ReservationLook[]>;
}

/** As many as inventory-service gives or looks up at once. */
export const PAGE = 500;

// A page is read in milliseconds. Who does not answer within this time is away, or too busy to be bothered.
const TIMEOUT_MS = 5_000;
const GIVE_UP_AFTER_MS = 15_000;
const PAUSE_MS = 500;

const answer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['held', 'fulfilled', 'released', 'rejected']),
    }),
  ),
  nextCursor: z.string().optional(),
});

/** A client of `GET /reservations` and `POST /reservations/lookup`. */
export function createReservationPages({ inventory }: { inventory: InventoryTargets }): ReservationPages {
  async function ask(path: string, body: object | undefined, signal: AbortSignal) {
    const tried = new Set<unknown>();
    const began = performance.now();
    for (;;) {
      signal.throwIfAborted();
      try {
        return await inventory.read(
          { path, body, timeoutMs: TIMEOUT_MS, signal, read: (json) => answer.parse(json) },
          tried,
        );
      } catch (error) {
        signal.throwIfAborted();
        if (performance.now() - began >= GIVE_UP_AFTER_MS) throw toComparisonError(error);
        await sleep(PAUSE_MS);
      }
    }
  }

  return {
    page: ({ after, cursor }, signal) => {
      const from = { ...(after && { after }), ...(cursor && { cursor }) };
      const query = new URLSearchParams({ limit: String(PAGE), lines: 'false', ...from });
      return ask(`/reservations?${query}`, undefined, signal);
    },
    lookup: async (ids, signal) => (await ask('/reservations/lookup', { ids, lines: false }, signal)).items,
  };
}

function toComparisonError(error: unknown): ComparisonError {
  if (error instanceof UnexpectedStatusError) return new ComparisonError(`${error.message}.`);
  return new ComparisonError('inventory-service did not answer.', { cause: error });
}
