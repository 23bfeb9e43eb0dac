import { orderBy } from '../reliable/order-by.ts';

/** A queue as declared on the broker. */
export interface DeclaredQueue {
  name: string;
  arguments: Record<string, unknown>;
}

/**
 * A queue, its retry queues and its dead-letter queue with the arguments of the first release. Frozen: queues exist with them,
 * and other arguments need another name (docs/adr/0022-arguments-of-queues.md).
 */
export function releasedQueues(queue: string): DeclaredQueue[] {
  return [
    { name: queue, arguments: { ...movesTo(`${queue}.dead-letter`), 'x-delivery-limit': 20 } },
    { name: `${queue}.dead-letter`, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 2 ** 31 - 1 } },
    ...Object.entries({ '1s': 1_000, '5s': 5_000, '30s': 30_000, '2m': 120_000, '10m': 600_000 }).map(
      ([delay, ttl]) => ({ name: `${queue}.retry.${delay}`, arguments: { ...movesTo(queue), 'x-message-ttl': ttl } }),
    ),
  ];
}

const movesTo = (queue: string) => ({
  'x-queue-type': 'quorum',
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
});

export const byName = orderBy<DeclaredQueue>(({ name }) => name);
