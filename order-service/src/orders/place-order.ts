/**
 * One request to place an order: it meets its twins, joins a batch, and is answered in time.
 *
 * Twins in one process meet in a map of running keys and are refused at once, without a query. An entry ends with its
 * answer or when its time is up; from then on the database decides, as it does between processes.
 */
import type { Batcher } from '@shop/chassis/batching/batcher.ts';
import { RefusedError } from '@shop/chassis/http/problem.ts';
import { countRefusal, keyReused, requestInProgress } from '@shop/chassis/idempotency/idempotently.ts';
import type { ReplayCounter } from '@shop/chassis/idempotency/replay-counter.ts';
import type { Metrics } from '@shop/chassis/telemetry/metrics.ts';
import { lateAnswer, type Placement, type PlacementAnswer } from './place-orders.ts';

// No POST /orders takes longer than 2.5 s at the gateway; this leaves the rest to the way there and back.
const ANSWER_WITHIN_MS = 2_300;

export interface PlaceOrderDeps {
  placements: Batcher<Placement, PlacementAnswer>;
  replays: ReplayCounter;
  metrics: Metrics;
}

/** Place one order, or give the answer that its key has. */
export type PlaceOrder = (request: Omit<Placement, 'deadline'>) => Promise<PlacementAnswer>;

/** Make the function that places orders in this process. */
export function createPlaceOrder(deps: PlaceOrderDeps): PlaceOrder {
  // Client and key of every request that is running here, with its fingerprint.
  const running = new Map<string, Buffer>();

  async function amongTwins(request: Omit<Placement, 'deadline'>): Promise<PlacementAnswer> {
    const name = `${request.order.clientId}\n${request.key}`;
    const first = running.get(name);
    if (first) throw first.equals(request.fingerprint) ? requestInProgress() : keyReused();
    running.set(name, request.fingerprint);
    try {
      return await inTime(deps.placements, { ...request, deadline: performance.now() + ANSWER_WITHIN_MS });
    } finally {
      running.delete(name);
    }
  }

  return async (request) => {
    try {
      const answer = await amongTwins(request);
      deps.metrics.idempotencyRequests.inc({ result: answer.result });
      if (answer.result === 'replayed') deps.replays.count({ clientId: request.order.clientId, key: request.key });
      return answer;
    } catch (error) {
      if (error instanceof RefusedError) countRefusal(deps.metrics, error);
      throw error;
    }
  };
}

async function inTime(placements: PlaceOrderDeps['placements'], placement: Placement): Promise<PlacementAnswer> {
  const late = Promise.withResolvers<PlacementAnswer>();
  const timer = setTimeout(() => {
    const answer = lateAnswer(placement);
    if (answer instanceof RefusedError) late.reject(answer);
    else late.resolve(answer);
  }, ANSWER_WITHIN_MS);
  const answered = placements.submit(placement, placement.order.lines.length, placement.deadline);
  try {
    return await Promise.race([answered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
