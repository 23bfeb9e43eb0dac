import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../telemetry.ts';
import { type Broker, closeChannel } from './connection.ts';

/*
 * The deliveries of a queue, batch by batch, through every reconnect. What arrives while a batch is handled forms the next.
 *
 *   away     -> open      connected: a channel with a consumer on it
 *   open     -> away      channel or consumer broke: it takes the connection along, and what was not answered comes again
 *   open     -> released  the database is away for long: the broker takes back what was not answered
 *   released -> open      the database works again
 *   any      -> stopped   the running batch is finished, the rest goes back
 */

export interface SubscriptionOptions {
  queue: string;
  broker: Broker;
  log: Logger;
  /** Deliveries that a new channel holds at most. */
  prefetch: number;
  /** How many of those that wait are handled next; one at least. */
  sizeOfBatch: (waiting: readonly ConsumeMessage[]) => number;
  /** Handle and answer them. If it fails, they come again over a new connection. */
  handle: (deliveries: ConsumeMessage[], from: OpenChannel) => Promise<void>;
  /** Asked on arrival: whether a delivery was answered already, and is kept nowhere. */
  refuse?: (delivery: ConsumeMessage, from: OpenChannel) => boolean;
}

/** A channel with a consumer on it. */
export interface OpenChannel {
  readonly channel: Channel;
  /** Deliveries that it holds at most. */
  readonly prefetch: number;
  /** Whether it is gone; what it has delivered comes again over another one. */
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

/** See the head of this file. It starts at once. */
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

  /** Wait; for no longer than until it is stopped. */
  async sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  /**
   * Hold this many deliveries from now on. `answer` answers those that are held: before the channel holds more, so that none
   * is on its way here, which would go back and count as a delivery in vain.
   */
  async widen(from: OpenChannel, prefetch: number, answer: () => Promise<void>): Promise<void> {
    const own = from as OwnChannel;
    await own.channel.cancel(own.consumerTag);
    await answer();
    if (!own.closed && !this.isStopping) await this.#consume(own, prefetch);
  }

  /** Close the channel and stay away from the queue, through reconnects too, until `resume`. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await closeOwn(this.#current);
  }

  /** Consume again, if it was released. */
  async resume(): Promise<void> {
    if (!this.#released) return;
    this.#released = false;
    const on = this.#model;
    if (on) await this.#open(on).catch((error: Error) => this.#options.broker.reconnect(on, error.message));
  }

  /** Take no more deliveries, finish the running batch, give back the rest. */
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
      own.closed = true; // not by us: what it delivered comes again over the next one
      broker.reconnect(model, `the channel of ${queue} closed`);
    });
    this.#current = own;
    await this.#consume(own, prefetch);
    if (this.isStopping) await closeOwn(own); // nobody would handle what it gets
  }

  async #consume(own: OwnChannel, prefetch: number): Promise<void> {
    const { queue, broker, refuse } = this.#options;
    own.prefetch = prefetch;
    await own.channel.prefetch(prefetch); // of the consumer that follows
    const { consumerTag } = await own.channel.consume(queue, (delivery) => {
      if (!delivery) return broker.reconnect(own.model, `the broker cancelled the consumer of ${queue}`);
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
        // The batch is unanswered, and the ack of a later one on the same channel would include it.
        if (this.#current) broker.reconnect(this.#current.model, error.message);
      })
      .finally(() => {
        this.#pumping = undefined;
        if (this.#withWork()) this.#pump();
      });
  }

  async #handleAll(): Promise<void> {
    await nextTurn(); // deliveries that came in the same read share the first batch
    for (let from = this.#withWork(); from; from = this.#withWork()) {
      const deliveries = from.waiting.splice(0, this.#options.sizeOfBatch(from.waiting));
      await this.#options.handle(deliveries, from);
    }
  }

  /** The channel, if something of it waits to be handled. */
  #withWork(): OwnChannel | undefined {
    const own = this.#current;
    return !this.isStopping && own && !own.closed && own.waiting.length > 0 ? own : undefined;
  }
}

/** Close a channel of ours; the broker takes back what was not answered. */
async function closeOwn(own: OwnChannel | undefined): Promise<void> {
  if (!own || own.closed) return;
  own.closed = true;
  await closeChannel(own.channel);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
