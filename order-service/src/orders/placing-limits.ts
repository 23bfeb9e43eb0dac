import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';

/** Time limits for placing an order and for waiting in the queue of its batch. */
export interface PlacingLimits {
  answerWithinMs: number;
  maxExpectedWaitMs: number;
}

/** The limits of the service; tests may use others. */
export const placingLimits: PlacingLimits = {
  // No POST /orders may take longer than 2.5 s at the gateway; this leaves the rest for the network.
  answerWithinMs: 2_300,
  maxExpectedWaitMs: LOAD_LIMITS.expectedWaitMs,
};
