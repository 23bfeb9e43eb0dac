import type { reservationReplies } from '@shop/chassis/contract/messages.ts';
import type { Handle } from '@shop/chassis/messaging/handle-batch.ts';
import { applyReservationResults } from './apply-reservation-results.ts';

/** Inventory's replies, a batch at a time. */
export function reservationReplyHandler(
  now: () => Date,
  wakeRelay: () => void,
): Handle<(typeof reservationReplies)[number]> {
  return async (trx, replies) => {
    const outcomes = await applyReservationResults(trx, replies, now());
    // Before the commit, which is sooner over than the relay's pause to collect more.
    wakeRelay();
    return outcomes;
  };
}
