import type { ConsumeMessage } from 'amqplib';
import { unansweredDeliveries } from './delivery-counts.ts';

// A large backlog of large messages would fill the memory when all of a batch are parsed.
const BATCH_BYTES = 4 * 1024 * 1024;
// Once may be a deployment or a lost connection. The fewer, the slower it goes on after one; the more, the more innocent
// messages come near their limit.
const SUSPECT_AFTER = 2;

/** Whether it may be the one that kills its consumers: it has come back without an answer a few times. */
export function isSuspect(delivery: ConsumeMessage): boolean {
  return unansweredDeliveries(delivery) >= SUSPECT_AFTER;
}

/** One suspect alone; or as many as precede the next suspect and fit. */
export function sizeOfBatch(waiting: readonly ConsumeMessage[], atMost: number): number {
  const [first] = waiting;
  if (first && isSuspect(first)) return 1;
  return countFitting(waiting, BATCH_BYTES, (delivery, index) => index < atMost && !isSuspect(delivery));
}

/** How many from the first on, and one at least, have no more than `maxBytes` together and may follow the others. */
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
