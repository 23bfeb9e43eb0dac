import type { QueueLimits } from '@shop/chassis/reliable/batching/batcher.ts';

/** How long placing an order may take, and how long it may wait for its batch. */
export interface PlacingLimits extends QueueLimits {
  answerWithinMs: number;
}

/** The service's own limits; a test that is not about them has others. */
export const placingLimits: PlacingLimits = {
  // No POST /orders takes longer than 2.5 s at the gateway; this leaves the rest to the way there and back.
  answerWithinMs: 2_300,
  // When inventory stalls, the first batches hold every slot for the hop's 1.5 s; whoever waits behind them still gets 202
  // in time, for by then the breaker is open. Waiting for longer than that cannot end well.
  maxWaitMs: 1_650,
  // When more arrives than can be placed, a longer queue would only make all of them wait, and place no order more.
  maxExpectedWaitMs: 300,
};
