import type { Channel, ChannelModel } from 'amqplib';
import type { MessageDefinition } from './message-definition.ts';

/*
 * Declares a queue with its retry queues and its dead-letter queue, for RabbitMQ 3.10 to 4.x.
 *
 *   exchange -> <queue> -> handled
 *                 | handler failed: published by the consumer to <queue>.retry.1s, .5s, .30s, .2m, .10m,
 *                 |                 whose TTL dead-letters it back to <queue>
 *                 | unprocessable, or retries exhausted: published by the consumer
 *                 | consumers kept crashing: dead-lettered by the broker (delivery-limit)
 *                 | too large: rejected by the consumer, dead-lettered by the broker
 *                 | queue full, if its length is limited: the oldest event, dead-lettered by the broker (maxlen)
 *                 +-> <queue>.dead-letter
 *
 * The arguments of a queue cannot change while it exists: declaring it with others fails with 406 and closes the channel. So
 * other arguments need another name (docs/adr/0022-arguments-of-queues.md). A queue that exists with other arguments anyway is
 * used as it is, and reported.
 */

/** A queue and the messages that its consumer can read. */
export interface QueueDefinition<Definition extends MessageDefinition = MessageDefinition> {
  name: string;
  messages: readonly Definition[];
  /**
   * For events only: maximum length. The oldest messages above it are dead-lettered, so that an absent consumer fills neither
   * the broker's disk nor the producers' outboxes; later it catches up from the producer. Without a limit, none is dropped.
   */
  maxLength?: number;
}

/**
 * What a service declares at each connect: its own queues and their bindings, and the exchanges of the messages that it
 * publishes, which must exist before the first message even if no queue is bound.
 */
export interface Topology {
  publishes: readonly MessageDefinition[];
  queues: readonly QueueDefinition[];
}

/** Delays between attempts: the first for a transient error, the last long enough for a person to fix something. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 5_000, 30_000, 120_000, 600_000];

/**
 * Limit for deliveries that were never acknowledged because the consumer crashed. The default is 20 in RabbitMQ 4 and none in
 * earlier versions; setting it makes all versions alike. A crash counts for every prefetched message, so the limit must allow
 * for several bad restarts. The consumer dead-letters a message that has reached it; if no consumer gets that far, the broker
 * does so one delivery later.
 */
export const DELIVERY_LIMIT = 20;
// Without a dead-letter exchange, RabbitMQ 4 drops messages above its default limit, and a dead letter must not be dropped.
// The value for "no limit", -1, is rejected by 3.10.
const NO_DELIVERY_LIMIT = 2 ** 31 - 1;
// Events dropped from a full queue are dead-lettered. This many are enough to show that events were dropped, and when.
const DEAD_LETTERS_OF_EVENTS = 1_000;

/** An exchange or queue that exists with other arguments than declared here. */
export interface Difference {
  name: string;
  /** The broker's error message. */
  reason: string;
}

type Declare = (name: string, declare: (channel: Channel) => Promise<unknown>, check: Check) => Promise<void>;
type Check = (channel: Channel) => Promise<unknown>;

/**
 * Declare everything. What exists stays unchanged; returns what exists with other arguments. Fails if something cannot be
 * declared and does not exist.
 */
export async function assertTopology(
  connection: Pick<ChannelModel, 'createChannel'>,
  { publishes, queues }: Topology,
  { retryDelaysMs = RETRY_DELAYS_MS, deliveryLimit = DELIVERY_LIMIT } = {},
): Promise<Difference[]> {
  const differences: Difference[] = [];
  let channel = await openChannel(connection);
  const declare: Declare = async (name, declareOn, check) => {
    try {
      await declareOn(channel);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      channel = await openChannel(connection); // the error closed the previous channel
      await check(channel).catch(() => Promise.reject(error)); // the first error is more informative than "not found"
      differences.push({ name, reason: (error as Error).message });
    }
  };
  const messages = [...publishes, ...queues.flatMap((queue) => queue.messages)];
  for (const exchange of new Set(messages.map((message) => message.exchange))) {
    const declareOn = (on: Channel) => on.assertExchange(exchange, 'topic', { durable: true });
    await declare(exchange, declareOn, (on) => on.checkExchange(exchange));
  }
  for (const queue of queues) {
    await declareQueues(declare, queue, retryDelaysMs, deliveryLimit);
    for (const message of queue.messages) await channel.bindQueue(queue.name, message.exchange, message.routingKey);
  }
  await channel.close();
  return differences;
}

async function openChannel(connection: Pick<ChannelModel, 'createChannel'>): Promise<Channel> {
  const channel = await connection.createChannel();
  channel.on('error', () => {}); // reported by the failed call
  return channel;
}

/** 406: it exists with other arguments. 403: this user may use it but not declare it. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 406 || code === 403;
}

async function declareQueues(
  declare: Declare,
  { name, messages, maxLength }: QueueDefinition,
  retryDelaysMs: readonly number[],
  deliveryLimit: number,
): Promise<void> {
  const declareQueue = (queue: string, args: Record<string, unknown>) => {
    const options = { durable: true, arguments: { 'x-queue-type': 'quorum', ...args } };
    return declare(
      queue,
      (on) => on.assertQueue(queue, options),
      (on) => on.checkQueue(queue),
    );
  };
  const deadLetter = deadLetterQueueName(name);
  if (maxLength === undefined) {
    await declareQueue(deadLetter, { 'x-delivery-limit': NO_DELIVERY_LIMIT });
    await declareQueue(name, { ...movingTo(deadLetter), 'x-delivery-limit': deliveryLimit });
  } else {
    if (messages.some(({ mandatory }) => mandatory)) throw new Error(`${name} would drop commands or replies`);
    await declareQueue(deadLetter, { ...dropping(DEAD_LETTERS_OF_EVENTS), 'x-delivery-limit': NO_DELIVERY_LIMIT });
    const limits = { ...dropping(maxLength), 'x-delivery-limit': deliveryLimit };
    await declareQueue(name, { ...limits, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadLetter });
  }
  for (const delay of retryDelaysMs)
    await declareQueue(retryQueueName(name, delay), { ...movingTo(name), 'x-message-ttl': delay });
}

/** Dead-letter to one queue through the default exchange, and remove the message only after it has arrived there. */
function movingTo(queue: string): Record<string, unknown> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish', // required by at-least-once
  };
}

/** Limit the length and drop the oldest messages. Not possible together with the at-least-once strategy of `movingTo`. */
function dropping(maxLength: number): Record<string, unknown> {
  return { 'x-max-length': maxLength, 'x-overflow': 'drop-head' };
}

/** The queue in which messages wait for their next attempt. Its name contains the delay, because arguments cannot change. */
export function retryQueueName(queue: string, delayMs: number): string {
  if (delayMs % 60_000 === 0) return `${queue}.retry.${delayMs / 60_000}m`;
  if (delayMs % 1_000 === 0) return `${queue}.retry.${delayMs / 1_000}s`;
  return `${queue}.retry.${delayMs}ms`;
}

/** The queue for messages that need a person. */
export function deadLetterQueueName(queue: string): string {
  return `${queue}.dead-letter`;
}
