/**
 * One request to place an order: it is checked against concurrent retries, joins a batch, and is answered in time.
 *
 * Concurrent retries in one process are detected by a map of running keys. Once the first request has claimed its key, the
 * others are refused without a query; if it has not (it is a retry itself, or it was refused), each proceeds independently. An
 * entry ends with its response or its deadline; after that the database decides, as it does between processes.
 */

import type { Batcher } from '@shop/chassis/reliable/batching/batcher.ts';
import type { Fingerprint } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import {
  countingResult,
  type KeyCounters,
  keyReused,
  requestInProgress,
} from '@shop/chassis/reliable/idempotency/key-results.ts';
import { overloaded, unavailable } from '@shop/chassis/reliable/refusal.ts';
import type { Order } from './order.ts';
import type { Judgement, Placement, PlacementAnswer } from './placement-batch.ts';
import { acceptedReply } from './replies.ts';

// Time for A, a short hop and B. An order that starts later could only be answered with 202 at its deadline. When
// inventory-service stalls, the first batches hold every slot for the hop's 1.5 s. Orders queued behind them must still
// start, because the breaker is open by then and all get 202 in time.
const LONGEST_WORK_MS = 600;

export interface PlaceOrderDeps extends KeyCounters {
  placements: Batcher<Placement, PlacementAnswer>;
}

/** Place one order, or return the stored response of its key. */
export type PlaceOrder = (request: PlaceOrderRequest) => Promise<PlacementAnswer>;
export type PlaceOrderRequest = Omit<Placement, 'onBegun' | 'onJudged'>;

/** Create the function that places orders in this process. */
export function createPlaceOrder(deps: PlaceOrderDeps): PlaceOrder {
  // Running requests of this process, by client and key.
  const running = new Map<string, { fingerprint: Fingerprint; isClaimed: Promise<boolean> }>();

  async function onceAtATime(request: PlaceOrderRequest): Promise<PlacementAnswer> {
    const name = `${request.clientId}\n${request.key}`;
    const first = running.get(name);
    if (first && (await first.isClaimed)) {
      throw first.fingerprint.matches(request.fingerprint.bytes) ? requestInProgress() : keyReused();
    }
    const claim = Promise.withResolvers<boolean>();
    const entry = { fingerprint: request.fingerprint, isClaimed: claim.promise };
    running.set(name, entry);
    try {
      return await inTime(deps.placements, request, claim.resolve);
    } finally {
      claim.resolve(false);
      if (running.get(name) === entry) running.delete(name);
    }
  }

  return (request) =>
    countingResult(
      deps,
      request,
      () => onceAtATime(request),
      ({ result }) => result,
    );
}

/**
 * The answer of the batch; that of the key, as soon as it has one; or, when the time is up, 202 if the order is durable,
 * `overloaded` if no batch has taken it (none will any more), and `unavailable` if nobody knows.
 */
async function inTime(
  placements: PlaceOrderDeps['placements'],
  request: PlaceOrderRequest,
  onClaimed: (isClaimed: boolean) => void,
): Promise<PlacementAnswer> {
  const early = Promise.withResolvers<PlacementAnswer>();
  let accepted: Order | undefined;
  let isBegun = false;
  const timer = setTimeout(() => {
    if (accepted) early.resolve({ reply: acceptedReply(accepted), result: 'executed' });
    else early.reject(isBegun ? unavailable() : overloaded());
  }, request.deadline - performance.now());

  function onBegun(): void {
    isBegun = true;
  }

  function onJudged(judgement: PromiseSettledResult<Judgement>): void {
    if (judgement.status === 'rejected') early.reject(judgement.reason);
    else if (judgement.value.kind === 'answered') early.resolve(judgement.value.answer);
    else {
      accepted = judgement.value.claimed.order;
      onClaimed(true);
    }
  }

  const startBy = request.deadline - LONGEST_WORK_MS;
  try {
    return await Promise.race([
      early.promise,
      placements.submit({ ...request, onBegun, onJudged }, request.order.lines.length, startBy),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
