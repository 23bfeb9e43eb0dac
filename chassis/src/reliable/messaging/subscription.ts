import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../telemetry.ts';
import { type Broker, closeChannel } from './connection.ts';

/*
 * The deliveries of a queue, in batches, across reconnects. Deliveries that arrive while a batch is handled form the next.
 *
 *   away     -> open      connected: a channel with a consumer
 *   open     -> away      the channel closed or the consumer failed: the connection is replaced, and unacknowledged deliveries
 *                         are redelivered
 *   open     -> released  the database is unavailable for long: unacknowledged deliveries are requeued
 *   released -> open      the database is available again
 *   any      -> stopped   the running batch is finished, the remaining deliveries are requeued
 */

export interface SubscriptionOptions {
  queue: string;
  broker: Broker;
  log: Logger;
  /** Prefetch count of a new channel. */
  prefetch: number;
  /** How many of the waiting deliveries are handled next; at least one. */
  sizeOfBatch: (waiting: readonly ConsumeMessage[]) => number;
  /** Handle and acknowledge them. If this fails, they are redelivered over a new connection. */
  handle: (deliveries: ConsumeMessage[], from: OpenChannel) => Promise<void>;
  /** Called on arrival. Returns true if it has rejected the delivery, which is then not kept. */
  refuse?: (delivery: ConsumeMessage, from: OpenChannel) => boolean;
}

/** A channel with a consumer. */
export interface OpenChannel {
  readonly channel: Channel;
  /** Its prefetch count. */
  readonly prefetch: number;
  /** Whether it is closed; its unacknowledged deliveries are then redelivered on another channel. */
  readonly closed: boolean;
}

interface OwnChannel extends OpenChannel {
  model: ChannelModel;
  prefetch: number;
  closed: boolean;
  consumerTag: string;
  waiting: ConsumeMessage[];
}

const STOP_TIMEOUT_MS = 6_000;

/** See the header of this file. Starts consuming when constructed. */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #stopping = new AbortController();
  readonly #detach: () => void;
  #model: ChannelModel | undefined;
  #current: OwnChannel | undefined;
  #opening: Promise<void> | undefined;
  #pumping: Promise<void> | undefined;
  #released = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#detach = options.broker.onConnection((model) => {
      this.#opening = this.#open(model);
      return this.#opening;
    });
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Sleep, but end early when stopped. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  /**
   * Raise the prefetch count. The consumer is cancelled first and `answer` acknowledges the held deliveries, so that none is
   * in transit meanwhile: a delivery in transit would be requeued, and would count against its delivery limit.
   */
  async widen(from: OpenChannel, prefetch: number, answer: () => Promise<void>): Promise<void> {
    const own = from as OwnChannel;
    await own.channel.cancel(own.consumerTag);
    await answer();
    if (!own.closed && !this.isStopping) await this.#consume(own, prefetch);
  }

  /** Close the channel and stop consuming until `resume`, also across reconnects. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await closeOwn(this.#current);
  }

  /** Consume again after `release`. */
  async resume(): Promise<void> {
    if (!this.#released) return;
    this.#released = false;
    const on = this.#model;
    if (on) await this.#open(on).catch((error: Error) => this.#options.broker.reconnect(on, error.message));
  }

  /** Stop consuming, finish the running batch, and requeue the remaining deliveries. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#detach();
    await Promise.race([this.#finish(), sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async #finish(): Promise<void> {
    await this.#opening?.catch(() => {});
    const last = this.#current;
    if (last && !last.closed) await last.channel.cancel(last.consumerTag).catch(() => {});
    await this.#pumping;
    await closeOwn(last);
  }

  async #open(model: ChannelModel): Promise<void> {
    const { queue, broker, log, prefetch } = this.#options;
    this.#model = model;
    if (this.#released || this.isStopping) return;
    const channel = await model.createChannel();
    const own: OwnChannel = { model, channel, prefetch, consumerTag: '', waiting: [], closed: false };
    channel.on('error', (error) => log.warn({ err: error, queue }, 'broker closed a consumer channel'));
    channel.on('close', () => {
      if (own.closed) return;
      own.closed = true; // closed by the broker: its deliveries are redelivered on the next channel
      broker.reconnect(model, `channel of ${queue} closed`);
    });
    this.#current = own;
    await this.#consume(own, prefetch);
    if (this.isStopping) await closeOwn(own); // its deliveries would not be handled
  }

  async #consume(own: OwnChannel, prefetch: number): Promise<void> {
    const { queue, broker, refuse } = this.#options;
    own.prefetch = prefetch;
    await own.channel.prefetch(prefetch); // applies to the next consumer
    const { consumerTag } = await own.channel.consume(queue, (delivery) => {
      if (!delivery) return broker.reconnect(own.model, `broker cancelled the consumer of ${queue}`);
      if (refuse?.(delivery, own)) return;
      own.waiting.push(delivery);
      this.#pump();
    });
    own.consumerTag = consumerTag;
  }

  #pump(): void {
    this.#pumping ??= this.#handleAll()
      .catch((error: Error) => {
        const { queue, broker, log } = this.#options;
        log.error({ err: error, queue }, 'consumer failed');
        // The batch is unacknowledged, and a cumulative ack of a later batch on this channel would include it.
        if (this.#current) broker.reconnect(this.#current.model, error.message);
      })
      .finally(() => {
        this.#pumping = undefined;
        if (this.#withWork()) this.#pump();
      });
  }

  async #handleAll(): Promise<void> {
    await nextTurn(); // so that deliveries from one socket read share the first batch
    for (let from = this.#withWork(); from; from = this.#withWork()) {
      const deliveries = from.waiting.splice(0, this.#options.sizeOfBatch(from.waiting));
      await this.#options.handle(deliveries, from);
    }
  }

  /** The channel, if it has deliveries waiting. */
  #withWork(): OwnChannel | undefined {
    const own = this.#current;
    return !this.isStopping && own && !own.closed && own.waiting.length > 0 ? own : undefined;
  }
}

/** Close a channel; the broker requeues its unacknowledged deliveries. */
async function closeOwn(own: OwnChannel | undefined): Promise<void> {
  if (!own || own.closed) return;
  own.closed = true;
  await closeChannel(own.channel);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
