import type { Channel, ConsumeMessage } from 'amqplib';
import { countFitting } from '../messaging/batch-size.ts';
import type { Broker } from '../messaging/connection.ts';
import { waitForEnd } from '../messaging/outage.ts';
import { type Subject, subjectInLog } from '../messaging/subject.ts';
import { Subscription } from '../messaging/subscription.ts';
import { deadLetterQueueName } from '../messaging/topology.ts';
import { orderBy } from '../order-by.ts';
import type { Database } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Logger, Metrics } from '../telemetry.ts';
import { countOpen, storeLetter } from './dead-letters.sql.ts';
import { type ArrivedLetter, readLetter } from './read-letter.ts';

/*
 * Moves dead letters from `<queue>.dead-letter` into the table, with any number of processes: one transaction per batch, then
 * one ack.
 *
 *   draining -> paused    the database is unavailable or read-only: the channel is closed, the letters stay in the queue
 *   paused   -> draining  it accepts writes again
 *
 * After a crash between commit and ack, letters are redelivered, and recognized as stored. A letter that cannot be stored
 * although the database is available is requeued alone, after a pause; that is a bug in this code.
 */

export interface DrainerOptions {
  /** The queue whose dead letters are drained, not the dead-letter queue itself. */
  queue: string;
  broker: Broker;
  pool: Database;
  metrics: Metrics;
  now: () => Date;
  log: Logger;
  /** What the messages are about. */
  subject: Subject;
}

// Bodies may have up to 16 MiB, the broker's limit. All prefetched ones are in memory, and those of a batch also as text.
const PREFETCH = 4;
const BATCH_BYTES = 1024 * 1024;
const PROBE_INTERVAL_MS = 1_000;
const SAMPLE_MS = 5_000;

/** Drain the dead letters of a queue until stopped. */
export function startDrainer(options: DrainerOptions): { stop(): Promise<void> } {
  const { queue, broker, log } = options;
  const subscription: Subscription = new Subscription({
    queue: deadLetterQueueName(queue),
    broker,
    log,
    prefetch: PREFETCH,
    sizeOfBatch: (waiting) => countFitting(waiting, BATCH_BYTES),
    handle: (batch, { channel }) => drain(options, batch, channel, subscription),
  });
  // While the database is unavailable the gauge keeps its last value; other alerts cover the outage.
  const sampler = setInterval(() => sample(options).catch(() => {}), SAMPLE_MS).unref();
  return {
    async stop() {
      clearInterval(sampler);
      await subscription.stop();
    },
  };
}

async function drain(
  options: DrainerOptions,
  batch: readonly ConsumeMessage[],
  channel: Channel,
  subscription: Subscription,
): Promise<void> {
  const { pool } = options;
  if (await store(options, batch)) ignoringClosedChannel(() => acknowledge(channel, batch));
  else if (await pool.takesWrites()) await storeOneByOne(options, batch, channel, subscription);
  else {
    await subscription.release();
    await waitForEnd({ isOver: pool.takesWrites, holdMs: 0, probeIntervalMs: PROBE_INTERVAL_MS }, subscription);
  }
}

async function store(options: DrainerOptions, batch: readonly ConsumeMessage[]): Promise<boolean> {
  const { queue, pool, now, log, subject } = options;
  // In the same order in all processes, so that two with copies of the same letters do not deadlock.
  const letters = batch.map((delivery) => readLetter(queue, delivery, now(), subject)).sort(orderBy(messageIdOf));
  try {
    const stored = await inTransaction(pool, async (trx) => {
      const results = [];
      for (const letter of letters) results.push({ letter, result: await storeLetter(trx, letter) });
      return results;
    });
    for (const { letter, result } of stored) {
      const { messageId, type, reason, subjectId } = letter;
      const about = { queue, messageId, messageType: type, reason, ...subjectInLog(subject, subjectId) };
      log.warn({ ...about, result }, 'dead letter stored');
    }
  } catch (error) {
    log.warn({ err: error, queue: deadLetterQueueName(queue) }, 'could not store dead letters; retrying');
    return false;
  }
  await sample(options).catch(() => {});
  return true;
}

async function storeOneByOne(
  options: DrainerOptions,
  batch: readonly ConsumeMessage[],
  channel: Channel,
  subscription: Subscription,
): Promise<void> {
  for (const delivery of batch) {
    if (await store(options, [delivery])) ignoringClosedChannel(() => channel.ack(delivery));
    else {
      const about = { queue: deadLetterQueueName(options.queue), messageId: delivery.properties.messageId };
      options.log.error(about, 'could not store a dead letter; returning it to the queue');
      await subscription.sleep(PROBE_INTERVAL_MS);
      ignoringClosedChannel(() => channel.nack(delivery, false, true));
    }
  }
}

async function sample({ queue, pool, metrics }: DrainerOptions): Promise<void> {
  metrics.deadLettersOpen.set({ queue }, await countOpen(pool, queue));
}

function acknowledge(channel: Channel, batch: readonly ConsumeMessage[]): void {
  const last = batch.at(-1);
  // One cumulative ack: all earlier deliveries are acknowledged already, or belong to this batch.
  if (last) channel.ack(last, true);
}

/** If the channel is closed, the letters are redelivered, and recognized as stored. */
function ignoringClosedChannel(answer: () => void): void {
  try {
    answer();
  } catch {}
}

function messageIdOf({ replayOf, messageId }: ArrivedLetter): string {
  return replayOf?.id ?? messageId ?? '';
}
