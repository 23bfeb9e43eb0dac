/**
 * The call to inventory-service. It returns the results, or `undefined` if the outcome is unknown. Nothing is retried here after
 * it was sent, because the request is repeated by message with the same ids. `service-targets.ts` chooses the process.
 */
import { TimedOutError } from '@shop/chassis/base/calls/service-target.ts';
import { NoTargetError } from '@shop/chassis/base/calls/service-targets.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { z } from 'zod';
import type { OrderMetrics } from '../metrics.ts';
import type { Shortage } from '../orders/order.ts';
import type { InventoryTargets } from './inventory-targets.ts';

export interface ReservationRequest {
  id: string;
  lines: { sku: string; quantity: number }[];
}

/** `undecided`: a stock level was locked for too long; nothing was done. */
export type ReservationState = 'held' | 'rejected' | 'released' | 'conflict' | 'undecided';

export interface ReservationResult {
  id: string;
  state: ReservationState;
  shortages?: Shortage[];
}

export interface ReservationClient {
  /** Request reservations, and wait at most `timeoutMs`. Undefined if the outcome is unknown. */
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
  if (results.length !== count) throw new Error('the response of inventory-service does not match the request');
  return results;
}

function toOutcome(error: unknown): 'timed_out' | 'breaker_open' | 'failed' {
  // With a cause, there were targets, but no connection could be established.
  if (error instanceof NoTargetError && error.cause === undefined) return 'breaker_open';
  return error instanceof TimedOutError ? 'timed_out' : 'failed';
}
