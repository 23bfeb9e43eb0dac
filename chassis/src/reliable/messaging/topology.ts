import type { Channel, ChannelModel } from 'amqplib';
import type { MessageDefinition } from './message-definition.ts';

/*
 * How a queue is declared, with the queues of its retries and of its dead letters, for RabbitMQ 3.10 to 4.x.
 *
 *   exchange -> <queue> -> handled
 *                 | handler failed: published by the consumer to <queue>.retry.1s, .5s, .30s, .2m, .10m,
 *                 |                 whose TTL dead-letters it back to <queue>
 *                 | hopeless, or out of retries: published by the consumer
 *                 | its consumers kept crashing: moved by the broker (delivery-limit)
 *                 | too large: rejected by the consumer, moved by the broker
 *                 | full, where its length is limited: the oldest event, moved by the broker (maxlen)
 *                 +-> <queue>.dead-letter
 *
 * The arguments of a queue are frozen with its name: declared with others, the broker answers 406 and closes the channel, for
 * as long as the queue lives. Other arguments are another name (docs/adr/0022-arguments-of-queues.md). What is met with
 * others all the same is used as it is, and reported.
 */

/** A queue and the messages that its consumer can read. */
export interface QueueDefinition<Definition extends MessageDefinition = MessageDefinition> {
  name: string;
  messages: readonly Definition[];
  /**
   * For events only: how many may wait. Of more the oldest are set aside, so that a consumer that is away fills neither the
   * broker's disk nor its producers' outboxes; it catches up with the producer afterwards. Without it none is dropped.
   */
  maxLength?: number;
}

/**
 * What a service declares at each connect: its own queues with their bindings, and no other's. What it publishes is named
 * for the exchanges: each has to be there before the first message, whether or not a queue is bound to it.
 */
export interface Topology {
  publishes: readonly MessageDefinition[];
  queues: readonly QueueDefinition[];
}

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
// Dropped events go where dead letters go. These many say that some were dropped, and when; a consumer that is away for
// a week need not keep them all.
const DEAD_LETTERS_OF_EVENTS = 1_000;

/** An exchange or queue that the broker has with other arguments than ours. */
export interface Difference {
  name: string;
  /** As the broker says it. */
  reason: string;
}

type Declare = (name: string, declare: (channel: Channel) => Promise<unknown>, check: Check) => Promise<void>;
type Check = (channel: Channel) => Promise<unknown>;

/**
 * Declare everything. Changes nothing where it exists already; returns what exists with other arguments. Fails when
 * something cannot be declared and does not exist.
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
      channel = await openChannel(connection); // the refusal closed the other one
      await check(channel).catch(() => Promise.reject(error)); // why it cannot be made says more than that it is not there
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
  channel.on('error', () => {}); // the call that it refused reports it
  return channel;
}

/** 406: it is there with other arguments. 403: we may use it and not declare it. */
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

/** Dead-letter to one queue, through the default exchange, and forget the message only when it has arrived there. */
function movingTo(queue: string): Record<string, unknown> {
  return {
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': queue,
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish', // at-least-once works with no other overflow
  };
}

/** Keep so many, and drop the oldest of more; at-least-once, of `movingTo`, does not go together with it. */
function dropping(maxLength: number): Record<string, unknown> {
  return { 'x-max-length': maxLength, 'x-overflow': 'drop-head' };
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
