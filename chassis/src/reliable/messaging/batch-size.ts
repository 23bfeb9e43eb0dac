import type { ConsumeMessage } from 'amqplib';
import { unansweredDeliveries } from './delivery-counts.ts';

// All messages of a batch are parsed before they are handled, so their total size must be bounded.
const BATCH_BYTES = 4 * 1024 * 1024;
// One redelivery may come from a deployment or a lost connection. A lower threshold slows consumption after those; a higher
// one brings more innocent messages close to the delivery limit.
const SUSPECT_AFTER = 2;

/** Whether the message may be crashing its consumers: it was redelivered repeatedly without being acknowledged. */
export function isSuspect(delivery: ConsumeMessage): boolean {
  return unansweredDeliveries(delivery) >= SUSPECT_AFTER;
}

/**
 * The size of the next batch: a suspect is handled alone; otherwise everything before the next suspect, within the limits.
 */
export function sizeOfBatch(waiting: readonly ConsumeMessage[], atMost: number): number {
  const [first] = waiting;
  if (first && isSuspect(first)) return 1;
  return countFitting(waiting, BATCH_BYTES, (delivery, index) => index < atMost && !isSuspect(delivery));
}

/** The length of the longest prefix, at least 1, of at most `maxBytes` whose further members all pass `mayFollow`. */
export function countFitting(
  waiting: readonly ConsumeMessage[],
  maxBytes: number,
  mayFollow: (delivery: ConsumeMessage, index: number) => boolean = () => true,
): number {
  let bytes = 0;
  const end = waiting.findIndex((delivery, index) => {
    bytes += delivery.content.length;
    return index > 0 && (bytes > maxBytes || !mayFollow(delivery, index));
  });
  return end === -1 ? waiting.length : end;
}
