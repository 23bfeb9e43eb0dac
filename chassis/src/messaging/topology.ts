import type { Channel } from 'amqplib';
import type { MessageDefinition } from '../contract/message-definition.ts';
import { INVENTORY_EXCHANGE, ORDER_EXCHANGE, reservationCommands, reservationReplies } from '../contract/messages.ts';

/*
 * Every exchange, queue and binding of the system, for RabbitMQ 3.10 to 4.x. Both services assert all of it at each
 * connect, so whichever starts first can publish to the other.
 *
 *   exchange -> <queue> -> handled
 *                 | handler failed: published by the consumer to <queue>.retry.1s, .5s, .30s, .2m, .10m,
 *                 |                 whose TTL dead-letters it back to <queue>
 *                 | hopeless, or out of retries: published by the consumer
 *                 | its consumers kept crashing: moved by the broker (delivery-limit)
 *                 | too large: rejected by the consumer, moved by the broker
 *                 +-> <queue>.dead-letter
 */

/** A queue and the messages that its consumer can read. */
export interface QueueDefinition<Definition extends MessageDefinition = MessageDefinition> {
  name: string;
  messages: readonly Definition[];
}

/** Commands to inventory-service. */
export const inventoryReservationsQueue = {
  name: 'inventory.reservations',
  messages: reservationCommands,
} satisfies QueueDefinition;

/** The answers that order-service waits for. */
export const orderReservationRepliesQueue = {
  name: 'order.reservation-replies',
  messages: reservationReplies,
} satisfies QueueDefinition;

/** Waits between attempts: the first for a blip, the last long enough for a person to mend something. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000];

/**
 * Deliveries that ended with their consumer's death, not with an answer. RabbitMQ 4 has 20 by default, earlier versions
 * no limit: said here, it is the same everywhere. Everything prefetched counts, so it must survive a few bad restarts.
 * The consumer sets aside by itself what has come so often; where none comes to that, the broker does, one delivery later.
 */
export const DELIVERY_LIMIT = 20;
// RabbitMQ 4 drops what exceeds the default limit where no dead-letter exchange is named, and a dead letter must not be
// dropped. Its word for "no limit", -1, is refused by 3.10.
const NO_DELIVERY_LIMIT = 2 ** 31 - 1;

/** Declare everything. Changes nothing where it exists already. */
export async function assertTopology(
  channel: Channel,
  { retryDelaysMs = RETRY_DELAYS_MS, deliveryLimit = DELIVERY_LIMIT } = {},
): Promise<void> {
  for (const exchange of [INVENTORY_EXCHANGE, ORDER_EXCHANGE])
    await channel.assertExchange(exchange, 'topic', { durable: true });
  for (const queue of [inventoryReservationsQueue, orderReservationRepliesQueue])
    await assertQueue(channel, queue, retryDelaysMs, deliveryLimit);
}

async function assertQueue(
  channel: Channel,
  queue: QueueDefinition,
  retryDelaysMs: readonly number[],
  deliveryLimit: number,
): Promise<void> {
  const deadLetter = deadLetterQueueName(queue.name);
  await assertQuorumQueue(channel, deadLetter, { 'x-delivery-limit': NO_DELIVERY_LIMIT });
  await assertQuorumQueue(channel, queue.name, { ...movingTo(deadLetter), 'x-delivery-limit': deliveryLimit });
  for (const delay of retryDelaysMs)
    await assertQuorumQueue(channel, retryQueueName(queue.name, delay), {
      ...movingTo(queue.name),
      'x-message-ttl': delay,
    });
  for (const message of queue.messages) await channel.bindQueue(queue.name, message.exchange, message.routingKey);
}

async function assertQuorumQueue(channel: Channel, name: string, args: Record<string, unknown>): Promise<void> {
  await channel.assertQueue(name, { durable: true, arguments: { 'x-queue-type': 'quorum', ...args } });
}

/** Dead-letter to one queue, through the default exchange, and forget the message only when it has arrived there. */
function movingTo(queue: string): Record<string, unknown> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish', // at-least-once works with no other overflow
  };
}

/** Where a message waits before its next attempt. The delay is in the name: another delay is another queue. */
export function retryQueueName(queue: string, delayMs: number): string {
  if (delayMs % 60_000 === 0) return `${queue}.retry.${delayMs / 60_000}m`;
  if (delayMs % 1_000 === 0) return `${queue}.retry.${delayMs / 1_000}s`;
  return `${queue}.retry.${delayMs}ms`;
}

/** Where a message is set aside for a person. */
export function deadLetterQueueName(queue: string): string {
  return `${queue}.dead-letter`;
}
