/** Reads the reservations of inventory-service for reconciliation. */
import { readPatiently } from '@shop/chassis/base/calls/read-patiently.ts';
import { UnexpectedStatusError } from '@shop/chassis/base/calls/service-target.ts';
import { ComparisonError } from '@shop/chassis/operations/reconciliation/run.ts';
import { z } from 'zod';
import type { InventoryTargets } from '../reservations/inventory-targets.ts';

export interface ReservationLook {
  id: string;
  state: 'held' | 'fulfilled' | 'released' | 'rejected';
}

/** The start of a page: after this id, or at the cursor of the previous page; otherwise at the first reservation. */
export interface PageFrom {
  after?: string;
  cursor?: string;
}

export interface ReservationPages {
  /** A page of reservations, in the order of their ids. */
  page(from: PageFrom, signal: AbortSignal): Promise<{ items: ReservationLook[]; nextCursor?: string }>;
  /** Those with these ids, at most {@link PAGE}; unknown ones are absent. */
  lookup(ids: readonly string[], signal: AbortSignal): Promise<ReservationLook[]>;
}

/** The maximum page size of inventory-service. */
export const PAGE = 500;

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
    try {
      return await readPatiently(inventory, { path, body, read: (json) => answer.parse(json) }, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw toComparisonError(error);
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
