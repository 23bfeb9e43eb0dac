/**
 * The hop to inventory-service. It ends in inventory's answer, or in `undefined`: nobody knows what inventory did. There
 * are no retries here, for the outbox asks again under the same ids.
 *
 * The breaker: closed; opens on the first call that gets no answer in time, because a stalled inventory holds a batch's
 * slot for the whole deadline, or when half of the calls fail; after a pause it lets one call through and closes again
 * when that one succeeds.
 */
import type { Logger } from '@shop/chassis/telemetry/log.ts';
import CircuitBreaker from 'opossum';
import { Agent } from 'undici';
import { z } from 'zod';
import type { OrderMetrics } from '../metrics.ts';
import type { Shortage } from '../orders/order.ts';

export interface ReservationRequest {
  id: string;
  lines: { sku: string; quantity: number }[];
}

export type ReservationState = 'held' | 'rejected' | 'released' | 'conflict';

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
  close(): Promise<void>;
}

export interface ReservationClientOptions {
  /** Base URLs, used in turn. */
  urls: readonly string[];
  internalToken: string;
  metrics: OrderMetrics;
  log: Logger;
  /** The breaker has closed: inventory answers again. */
  onRecovered?: () => void;
}

const answer = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['held', 'rejected', 'released', 'conflict']),
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

// Long enough not to hammer a service that is coming up, short enough that few orders have to wait for a message.
const BREAKER_PAUSE_MS = 1_000;
const BREAKER_STATES = { closed: 0, halfOpen: 1, open: 2 };

/** A client of POST /reservations. */
export function createReservationClient(options: ReservationClientOptions): ReservationClient {
  const { metrics, log } = options;
  const agent = new Agent({ connections: 8, keepAliveTimeout: 60_000, connect: { timeout: 500 } });
  let turn = 0;

  async function call(requests: readonly ReservationRequest[], timeoutMs: number, traceparent: string) {
    const url = options.urls[turn++ % options.urls.length] ?? '';
    const response = await agent.request({
      origin: new URL(url).origin,
      path: '/reservations',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${options.internalToken}`, traceparent },
      body: JSON.stringify({ reservations: requests }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new Error(`inventory-service answered ${response.statusCode}`);
    }
    const { results } = answer.parse(await response.body.json());
    if (results.length !== requests.length) throw new Error('inventory-service answered for other reservations');
    return results;
  }

  const breaker = new CircuitBreaker(call, {
    timeout: false,
    errorThresholdPercentage: 50,
    volumeThreshold: 4,
    rollingCountTimeout: 5_000,
    rollingCountBuckets: 5,
    resetTimeout: BREAKER_PAUSE_MS,
  });
  breaker.on('open', () => {
    metrics.breakerState.set(BREAKER_STATES.open);
    log.warn('the breaker to inventory-service is open');
  });
  breaker.on('halfOpen', () => metrics.breakerState.set(BREAKER_STATES.halfOpen));
  breaker.on('close', () => {
    metrics.breakerState.set(BREAKER_STATES.closed);
    log.info('the breaker to inventory-service is closed');
    options.onRecovered?.();
  });

  return {
    async reserve(requests, timeoutMs, traceparent) {
      const end = metrics.reservationCallDuration.startTimer();
      try {
        const results = await breaker.fire(requests, timeoutMs, traceparent);
        end({ outcome: 'answered' });
        return results;
      } catch (error) {
        const outcome = toOutcome(error);
        end({ outcome });
        if (outcome === 'timed_out') breaker.open();
        if (outcome !== 'breaker_open') log.warn({ err: error, outcome }, 'the outcome of a reservation is unknown');
        return undefined;
      }
    },
    async close() {
      breaker.shutdown();
      await agent.close();
    },
  };
}

function toOutcome(error: unknown): 'timed_out' | 'breaker_open' | 'failed' {
  const { name, code } = error as { name?: string; code?: string };
  if (code === 'EOPENBREAKER' || code === 'ESHUTDOWN') return 'breaker_open';
  return name === 'TimeoutError' || name === 'AbortError' || code === 'UND_ERR_CONNECT_TIMEOUT'
    ? 'timed_out'
    : 'failed';
}
