/**
 * Reading inventory-service's reservations, for the comparison. Apart from the client that places orders: it has no
 * breaker to open, it waits longer, and it asks another process before it gives up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ComparisonError } from '@shop/chassis/reconciliation/run.ts';
import { Agent } from 'undici';
import { z } from 'zod';

export interface ReservationLook {
  id: string;
  state: 'held' | 'fulfilled' | 'released' | 'rejected';
  /** By the clock of inventory-service's database. */
  updatedAt: Date;
}

export interface ReservationPages {
  /** All reservations in the order of their ids, a page at a time. */
  page(cursor: string | undefined, signal: AbortSignal): Promise<{ items: ReservationLook[]; nextCursor?: string }>;
  /** Those with these ids, at most {@link PAGE}; unknown ones are absent. */
  lookup(ids: readonly string[], signal: AbortSignal): Promise<ReservationLook[]>;
  close(): Promise<void>;
}

/** As many as inventory-service gives or looks up at once. */
export const PAGE = 500;

// A page is read in milliseconds. Who does not answer within this time is away, or too busy to be bothered.
const TIMEOUT_MS = 5_000;
const ATTEMPTS = 3;
const PAUSE_MS = 500;

const answer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['held', 'fulfilled', 'released', 'rejected']),
      updatedAt: z.iso.datetime().transform((text) => new Date(text)),
    }),
  ),
  nextCursor: z.string().optional(),
});

/** A client of `GET /reservations` and `POST /reservations/lookup`; `urls` are used in turn. */
export function createReservationPages({
  urls,
  internalToken,
}: {
  urls: readonly string[];
  internalToken: string;
}): ReservationPages {
  const agent = new Agent({ connections: 2, keepAliveTimeout: 60_000, connect: { timeout: 1_000 } });
  let turn = 0;

  async function ask(path: string, body: object | undefined, signal: AbortSignal) {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        return await askOnce(path, body, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (attempt >= ATTEMPTS) throw error instanceof ComparisonError ? error : unanswered(error);
        await sleep(PAUSE_MS);
      }
    }
  }

  async function askOnce(path: string, body: object | undefined, signal: AbortSignal) {
    const url = urls[turn++ % urls.length] ?? '';
    const response = await agent.request({
      origin: new URL(url).origin,
      path,
      method: body ? 'POST' : 'GET',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${internalToken}` },
      body: body && JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new ComparisonError(`inventory-service answered ${response.statusCode}.`);
    }
    return answer.parse(await response.body.json());
  }

  return {
    page: (cursor, signal) => {
      const query = new URLSearchParams({ limit: String(PAGE), lines: 'false', ...(cursor && { cursor }) });
      return ask(`/reservations?${query}`, undefined, signal);
    },
    lookup: async (ids, signal) => (await ask('/reservations/lookup', { ids, lines: false }, signal)).items,
    close: () => agent.close(),
  };
}

function unanswered(cause: unknown): ComparisonError {
  return new ComparisonError('inventory-service did not answer.', { cause });
}
