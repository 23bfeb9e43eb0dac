import type { ConsumeMessage } from 'amqplib';

/*
 * Counts of earlier failures of a message:
 *   x-attempts         attempts whose handler failed; set by the consumer in the copies for a retry
 *   x-delivery-count   deliveries that were never acknowledged, because the consumer crashed or lost its connection; set by
 *                      the quorum queue, for this copy only
 *   x-unanswered       sum of x-delivery-count over earlier copies; set by the consumer
 */

/** Number of failed attempts. */
export function failedAttempts(delivery: ConsumeMessage): number {
  return countIn(delivery, 'x-attempts');
}

/** Number of deliveries that were never acknowledged, over all copies of the message. */
export function unansweredDeliveries(delivery: ConsumeMessage): number {
  return countIn(delivery, 'x-unanswered') + countIn(delivery, 'x-delivery-count');
}

function countIn(delivery: ConsumeMessage, header: string): number {
  const count: unknown = delivery.properties.headers?.[header];
  return typeof count === 'number' && count > 0 ? Math.floor(count) : 0;
}
