import type { ConsumeMessage } from 'amqplib';

/*
 * Two counts of what went wrong with a message before this delivery:
 *   x-attempts         attempts that failed while their consumer lived; ours, in the copies that wait for a retry
 *   x-delivery-count   deliveries that nobody answered, because their consumer died or lost the broker; the queue's own,
 *                      and of this copy only. x-unanswered is ours, and carries the sum of the earlier copies.
 */

/** How many attempts have failed. */
export function failedAttempts(delivery: ConsumeMessage): number {
  return countIn(delivery, 'x-attempts');
}

/** How many deliveries have ended without an answer, over all copies of the message. */
export function unansweredDeliveries(delivery: ConsumeMessage): number {
  return countIn(delivery, 'x-unanswered') + countIn(delivery, 'x-delivery-count');
}

function countIn(delivery: ConsumeMessage, header: string): number {
  const count: unknown = delivery.properties.headers?.[header];
  return typeof count === 'number' && count > 0 ? Math.floor(count) : 0;
}
