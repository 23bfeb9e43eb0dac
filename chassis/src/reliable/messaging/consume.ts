import type { Channel, ConsumeMessage } from 'amqplib';
import type { Database } from '../postgres/connections.ts';
import { databaseFault } from '../postgres/faults.ts';
import type { Logger, Metrics, Tracing } from '../telemetry.ts';
import { answer, needsNoCopy, type Reporting, report } from './answer.ts';
import { isSuspect, sizeOfBatch } from './batch-size.ts';
import type { Broker } from './connection.ts';
import { type Fate, type Handle, handleBatch, type IncomingMessage } from './handle-batch.ts';
import type { MessageDefinition } from './message-definition.ts';
import { type OutageOptions, waitForEnd } from './outage.ts';
import { faultOfSize, type Processed, type Reading, readDelivery, TOO_LARGE } from './read-delivery.ts';
import { endSpan, startSpans } from './spans.ts';
import type { Subject } from './subject.ts';
import { type OpenChannel, Subscription } from './subscription.ts';
import { DELIVERY_LIMIT, RETRY_DELAYS_MS } from './topology.ts';

/*
 * Deliveries that arrive while a batch is handled form the next batch: one transaction with their inbox rows, then one ack.
 *
 *   handled, duplicate          -> ack
 *   handler failed              -> copy to the next retry queue (or dead-letter queue), confirmed, then ack
 *   unparseable, unprocessable  -> copy to the dead-letter queue, confirmed, then ack
 *   copy not confirmed          -> nack: the message is redelivered, and the inbox or the handler's state decides
 *   too large                   -> rejected on arrival: the broker dead-letters it, so that it does not stay in memory
 *   database unavailable        -> paused: nothing is acknowledged, and no attempt is counted
 *   or read-only; or a service
 *   that the handler needs
 *   process crashes             -> the broker redelivers, up to the queue's delivery-limit
 *
 * When a message crashes the process, the delivery count of every message that the process held goes up, and all of them
 * would reach the delivery limit together. So a message that was redelivered repeatedly is a suspect: it is handled alone and
 * acknowledged before the next. A new subscription is careful, with one delivery at a time, until it gets a message that is
 * not a suspect:
 *
 *   careful -> wide    a delivery that is not a suspect was handled
 */

export interface ConsumerOptions<Definition extends MessageDefinition> {
  queue: string;
  definitions: readonly Definition[];
  handle: Handle<Definition>;
  broker: Broker;
  pool: Database;
  metrics: Metrics;
  now: () => Date;
  log: Logger;
  tracing?: Tracing;
  /** What the messages are about. */
  subject?: Subject;
  /** What the handler needs besides the database. */
  dependency?: Dependency;
  /** Maximum number of unacknowledged deliveries, and so the maximum batch size. */
  prefetch?: number;
  retryDelaysMs?: readonly number[];
  /** The `x-delivery-limit` of the queue. */
  deliveryLimit?: number;
  /** How long deliveries are held while the database is unavailable. */
  holdMs?: number;
  /** Interval between checks of the database while the consumer is paused. */
  probeIntervalMs?: number;
}

/** Something that the handler needs, such as another service: its outage pauses the consumer like one of the database. */
export interface Dependency {
  name: string;
  /** Whether an error of the handler means that it is unavailable. */
  isUnavailable(error: unknown): boolean;
  /** Whether it is available again. */
  isBack(): Promise<boolean>;
}

export interface Consumer {
  /** Stop consuming, finish the running batch, and requeue the remaining deliveries. */
  stop(): Promise<void>;
}

// One full batch. Prefetching a second batch would gain little, because the broker is close.
const PREFETCH = 256;
const CAREFUL_PREFETCH = 1;
const PROBE_INTERVAL_MS = 1_000;
// Shorter than the broker's delivery acknowledgement timeout (30 minutes), longer than a restart of the database.
const HOLD_MS = 60_000;
// A statement that always times out looks like an outage, and so does such a call of a service. If the database, or the service, is
// available right after it this many times in a row, the message is the cause.
const OUTAGES_BELIEVED = 3;

/** Consume a queue until stopped, across reconnects. */
export function startConsumer<Definition extends MessageDefinition>(options: ConsumerOptions<Definition>): Consumer {
  const { queue, definitions, broker, log, prefetch = PREFETCH, deliveryLimit = DELIVERY_LIMIT } = options;
  const subscription: Subscription = new Subscription({
    queue,
    broker,
    log,
    prefetch: CAREFUL_PREFETCH,
    sizeOfBatch: (waiting) => sizeOfBatch(waiting, prefetch),
    refuse: (delivery, { channel }) => refuseTooLarge(options, delivery, channel),
    handle: async (deliveries, from) => {
      const readings = deliveries.map((delivery) => readDelivery(delivery, definitions, deliveryLimit));
      const processed = await processTraced(options, readings, from, subscription);
      if (!processed) return;
      // These have taken effect, even if the acknowledgement is lost.
      for (const one of processed) if (needsNoCopy(one)) report(options, one);
      const { retryDelaysMs = RETRY_DELAYS_MS } = options;
      const pause = (ms: number) => subscription.sleep(ms);
      const answerAll = () => answer({ ...options, retryDelaysMs, pause }, from.channel, processed);
      if (from.prefetch >= prefetch || deliveries.some(isSuspect)) await answerAll();
      else await subscription.widen(from, prefetch, answerAll);
    },
  });
  return { stop: () => subscription.stop() };
}

/** Reject a body that is too large. The broker dead-letters it, which needs no copy in this process's memory. */
function refuseTooLarge(to: Reporting, delivery: ConsumeMessage, channel: Channel): boolean {
  const detail = faultOfSize(delivery.content);
  if (detail === undefined) return false;
  try {
    channel.reject(delivery, false);
  } catch {
    return true; // the channel is closed, so it is redelivered
  }
  report(to, { delivery, fate: { kind: 'dead-letter', reason: TOO_LARGE, detail } }, 'dead_lettered');
  return true;
}

async function processTraced<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  readings: Reading<Definition>[],
  from: OpenChannel,
  subscription: Subscription,
): Promise<Processed[] | undefined> {
  const { queue, tracing, subject } = options;
  const spans = tracing && startSpans({ queue, tracing, subject }, readings);
  const processed = await processDeliveries(options, readings, from, subscription);
  spans?.forEach((span, index) => {
    endSpan(span, processed?.[index]?.fate);
  });
  return processed;
}

/** The outcome of each delivery; undefined if the channel closed during an outage, or the consumer is stopping. */
async function processDeliveries<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  readings: Reading<Definition>[],
  from: OpenChannel,
  subscription: Subscription,
): Promise<Processed[] | undefined> {
  const { queue, pool, dependency, log, holdMs = HOLD_MS, probeIntervalMs = PROBE_INTERVAL_MS } = options;
  const isOver = async () => (await pool.takesWrites()) && (await (dependency?.isBack() ?? true));
  const outage: OutageOptions = { isOver, holdMs, probeIntervalMs };
  const incoming = readings.flatMap((reading) => reading.incoming ?? []);
  for (let believed = 0; ; ) {
    try {
      const fates = (await handleIncoming(options, incoming, believed)).values();
      return readings.map((reading) => ({ ...reading, fate: reading.refused ?? (fates.next().value as Fate) }));
    } catch (error) {
      const missing = dependency?.isUnavailable(error) ? dependency.name : 'database';
      log.warn({ err: error, queue }, `${missing} unavailable; consumer paused`);
      const probes = await waitForEnd(outage, subscription);
      if (probes === undefined || from.closed) return undefined;
      believed = probes === 1 ? believed + 1 : 0;
    }
  }
}

/** Throws in an outage. `believed` is how many outages in a row had ended by the first check. */
async function handleIncoming<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  incoming: IncomingMessage<Definition>[],
  believed: number,
): Promise<Fate[]> {
  if (incoming.length === 0) return [];
  const { queue, pool, dependency, tracing } = options;
  const isOutage = async (error: unknown) => {
    if (dependency?.isUnavailable(error)) return believed < OUTAGES_BELIEVED || !(await dependency.isBack());
    const pausing = databaseFault(error)?.consumer;
    if (pausing === 'pauses thrice') return believed < OUTAGES_BELIEVED || !(await pool.takesWrites());
    return pausing === 'pauses';
  };
  const batch = tracing?.startBatch(`handle ${queue}`, incoming);
  try {
    return await handleBatch({ ...options, isOutage }, incoming);
  } finally {
    batch?.end();
  }
}
