/**
 * The hop to inventory-service. It ends in inventory's answer, or in `undefined`: nobody knows what inventory did. Nothing
 * that was sent is sent again here, for the outbox asks again under the same ids. `inventory-targets.ts` chooses which
 * process is asked.
 */
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { z } from 'zod';
import type { OrderMetrics } from '../metrics.ts';
import type { Shortage } from '../orders/order.ts';
import { type InventoryTargets, NoTargetError, TimedOutError } from './inventory-targets.ts';

export interface ReservationRequest {
  id: string;
  lines: { sku: string; quantity: number }[];
}

/** `undecided`: a row of its stock was locked for too long; nothing was done. */
export type ReservationState = 'held' | 'rejected' | 'released' | 'conflict' | 'undecided';

export interface ReservationResult {
  id: string;
  state: ReservationState;
  shortages?: Shortage[];
}

export interface ReservationClient {
  /** Ask inventory to hold these, and wait `timeoutMs` at most. Undefined: the outcome is unknown. */
  reserve(
    requests: readonly ReservationRequest[],
    timeoutMs: number,
    traceparent: string,
  ): Promise<ReservationResult[] | undefined>;
}

const answer = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['held', 'rejected', 'released', 'conflict', 'undecided']),
      shortages: z
        .array(
          z.object({
            sku: z.string(),
            requested: z.number(),
            available: z.number(),
            reason: z.enum(['unknown-sku', 'insufficient-stock']),
          }),
        )
        .optional(),
    }),
  ),
});

/** A client of POST /reservations. */
export function createReservationClient(deps: {
  inventory: InventoryTargets;
  metrics: OrderMetrics;
  log: Logger;
}): ReservationClient {
  const { inventory, metrics, log } = deps;
  return {
    async reserve(requests, timeoutMs, traceparent) {
      const end = metrics.reservationCallDuration.startTimer();
      try {
        const results = await inventory.ask({
          path: '/reservations',
          body: { reservations: requests },
          traceparent,
          timeoutMs,
          read: (json) => readResults(json, requests.length),
        });
        end({ outcome: 'answered' });
        return results;
      } catch (error) {
        const outcome = toOutcome(error);
        end({ outcome });
        if (outcome !== 'breaker_open') log.warn({ err: error, outcome }, 'reservation outcome unknown');
        return undefined;
      }
    },
  };
}

function readResults(json: unknown, count: number): ReservationResult[] {
  const { results } = answer.parse(json);
  if (results.length !== count) throw new Error('inventory-service answered for other reservations');
  return results;
}

function toOutcome(error: unknown): 'timed_out' | 'breaker_open' | 'failed' {
  // With a cause, there were targets, and no connection could be made.
  if (error instanceof NoTargetError && error.cause === undefined) return 'breaker_open';
  return error instanceof TimedOutError ? 'timed_out' : 'failed';
}
