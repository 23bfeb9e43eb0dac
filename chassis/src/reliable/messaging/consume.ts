import type { Channel, ConsumeMessage } from 'amqplib';
import type { Database } from '../postgres/connections.ts';
import { databaseFault } from '../postgres/faults.ts';
import type { Logger, Metrics, Tracing } from '../telemetry.ts';
import { answer, needsNoCopy, type Reporting, report } from './answer.ts';
import { isSuspect, sizeOfBatch } from './batch-size.ts';
import type { Broker } from './connection.ts';
import { type Fate, type Handle, handleBatch, type IncomingMessage } from './handle-batch.ts';
import type { MessageDefinition } from './message-definition.ts';
import { type OutageOptions, waitForDatabase } from './outage.ts';
import { faultOfSize, type Reading, readDelivery, type Settled, TOO_LARGE } from './read-delivery.ts';
import { endSpan, startSpans } from './spans.ts';
import type { Subject } from './subject.ts';
import { type OpenChannel, Subscription } from './subscription.ts';
import { DELIVERY_LIMIT, RETRY_DELAYS_MS } from './topology.ts';

/*
 * Deliveries that arrive while a batch runs form the next one: one transaction with their inbox rows, then one ack.
 *
 *   handled, duplicate          -> ack
 *   handler failed              -> copy to the next retry queue (or dead-letter queue), confirmed, then ack
 *   unparseable, unprocessable -> copy to the dead-letter queue, confirmed, then ack
 *   copy not confirmed          -> nack: it comes again, and the inbox or the handler's state decides
 *   too large                   -> rejected on arrival: the broker moves it, and we keep nothing of it in memory
 *   own database away, or takes -> paused: nothing is answered, no attempt counts
 *   no writes
 *   we crash                    -> the broker delivers again, up to the queue's delivery-limit
 *
 * A message that kills the process counts one delivery more for all that the process held, and would take them along
 * to the dead letters. So what has come back a few times is a suspect: it is handled alone and answered before the next,
 * and a new subscription is careful, with one delivery at a time, until it has met one that is no suspect:
 *
 *   careful -> wide    a delivery that is no suspect was handled
 */

export interface ConsumerOptions<Definition extends MessageDefinition> {
  queue: string;
  definitions: readonly Definition[];
  handle: Handle<Definition>;
  broker: Broker;
  pool: Database;
  metrics: Metrics;
  log: Logger;
  tracing?: Tracing;
  /** What its messages are about. */
  subject?: Subject;
  /** Deliveries held at most, and so the largest batch. */
  prefetch?: number;
  retryDelaysMs?: readonly number[];
  /** The queue's own. */
  deliveryLimit?: number;
  /** How long deliveries are held while the database is away. */
  holdMs?: number;
  /** How long it waits, paused, before it asks the database again. */
  probeIntervalMs?: number;
}

export interface Consumer {
  /** Take no more deliveries, finish the running batch, give back the rest. */
  stop(): Promise<void>;
}

// As many as one batch may have; a second batch is not fetched ahead, the broker is near.
const PREFETCH = 256;
const CAREFUL_PREFETCH = 1;
const PROBE_INTERVAL_MS = 1_000;
// Below the broker's own limit for an unanswered delivery (30 minutes), above a restart of the database.
const HOLD_MS = 60_000;
// A statement that always times out looks like an outage. When the database works right after it, this often in a row, it
// is the message's fault.
const OUTAGES_BELIEVED = 3;

/** Consume a queue for as long as the process lives, through every reconnect. */
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
      const settled = await settleTraced(options, readings, from, subscription);
      if (!settled) return;
      // They have had their effect, whatever becomes of the answer.
      for (const one of settled) if (needsNoCopy(one)) report(options, one);
      const { retryDelaysMs = RETRY_DELAYS_MS } = options;
      const pause = (ms: number) => subscription.sleep(ms);
      const answerAll = () => answer({ ...options, retryDelaysMs, pause }, from.channel, settled);
      if (from.prefetch >= prefetch || deliveries.some(isSuspect)) await answerAll();
      else await subscription.widen(from, prefetch, answerAll);
    },
  });
  return { stop: () => subscription.stop() };
}

/** The broker moves it to the dead letters: a copy of ours would have to be in memory. */
function refuseTooLarge(to: Reporting, delivery: ConsumeMessage, channel: Channel): boolean {
  const detail = faultOfSize(delivery.content);
  if (detail === undefined) return false;
  try {
    channel.reject(delivery, false);
  } catch {
    return true; // the channel is gone: it comes again
  }
  report(to, { delivery, fate: { kind: 'dead-letter', reason: TOO_LARGE, detail } }, 'dead_lettered');
  return true;
}

async function settleTraced<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  readings: Reading<Definition>[],
  from: OpenChannel,
  subscription: Subscription,
): Promise<Settled[] | undefined> {
  const { queue, tracing, subject } = options;
  const spans = tracing && startSpans({ queue, tracing, subject }, readings);
  const settled = await settle(options, readings, from, subscription);
  spans?.forEach((span, index) => {
    endSpan(span, settled?.[index]?.fate);
  });
  return settled;
}

/** What became of each delivery; undefined when the outage outlasted the channel, or the consumer stops. */
async function settle<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  readings: Reading<Definition>[],
  from: OpenChannel,
  subscription: Subscription,
): Promise<Settled[] | undefined> {
  const { queue, pool, log, holdMs = HOLD_MS, probeIntervalMs = PROBE_INTERVAL_MS } = options;
  const outage: OutageOptions = { pool, holdMs, probeIntervalMs };
  const incoming = readings.flatMap((reading) => reading.incoming ?? []);
  for (let believed = 0; ; ) {
    try {
      const fates = (await handleIncoming(options, incoming, believed)).values();
      return readings.map((reading) => ({ ...reading, fate: reading.refused ?? (fates.next().value as Fate) }));
    } catch (error) {
      log.warn({ err: error, queue }, 'database unavailable; consumer paused');
      const probes = await waitForDatabase(outage, subscription);
      if (probes === undefined || from.closed) return undefined;
      believed = probes === 1 ? believed + 1 : 0;
    }
  }
}

/** Throws in an outage; `believed` says how many in a row were over at the first question. */
async function handleIncoming<Definition extends MessageDefinition>(
  options: ConsumerOptions<Definition>,
  incoming: IncomingMessage<Definition>[],
  believed: number,
): Promise<Fate[]> {
  if (incoming.length === 0) return [];
  const { queue, pool, tracing } = options;
  const isOutage = async (error: unknown) => {
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
