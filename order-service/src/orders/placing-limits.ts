import type { QueueLimits } from '@shop/chassis/reliable/batching/batcher.ts';

/** Time limits for placing an order and for waiting in the queue of its batch. */
export interface PlacingLimits extends QueueLimits {
  answerWithinMs: number;
}

/** The limits of the service; tests may use others. */
export const placingLimits: PlacingLimits = {
  // No POST /orders may take longer than 2.5 s at the gateway; this leaves the rest for the network.
  answerWithinMs: 2_300,
  // When inventory-service stalls, the first batches hold every slot for the hop's 1.5 s. Requests queued behind them still
  // get 202 in time, because the breaker is open by then. A longer wait could not succeed.
  maxWaitMs: 1_650,
  // Under overload, a longer queue would only make all requests wait, without more throughput.
  maxExpectedWaitMs: 300,
};
