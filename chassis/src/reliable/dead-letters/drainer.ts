import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { type Broker, closeChannel } from '../messaging/connection.ts';
import { type Subject, subjectInLog } from '../messaging/subject.ts';
import { deadLetterQueueName } from '../messaging/topology.ts';
import type { Database } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Logger, Metrics } from '../telemetry.ts';
import { countOpen, storeLetter } from './dead-letters.sql.ts';
import { type ArrivedLetter, readLetter } from './read-letter.ts';

/*
 * From `<queue>.dead-letter` into the table, by any number of processes: a batch is one transaction, then one ack.
 *
 *   draining -> paused    the database is away or takes no writes: the channel is closed, the letters stay in the queue
 *   paused   -> draining  it takes writes again
 *
 * A drainer that dies between commit and ack gets its letters again, and the table knows them. A letter that cannot be
 * stored while the database answers goes back to the queue after a pause, alone; that is a bug of ours.
 */

export interface DrainerOptions {
  /** Whose dead letters; not the dead-letter queue itself. */
  queue: string;
  broker: Broker;
  pool: Database;
  metrics: Metrics;
  log: Logger;
  /** What its messages are about. */
  subject: Subject;
}

// Bodies are as large as the broker allows, 16 MiB; all that are fetched are in memory, and a batch once more as text.
const PREFETCH = 4;
const BATCH_BYTES = 1024 * 1024;
const PROBE_INTERVAL_MS = 1_000;
const SAMPLE_MS = 5_000;
const STOP_TIMEOUT_MS = 6_000;

interface Subscription {
  model: ChannelModel;
  channel: Channel;
  waiting: ConsumeMessage[];
  closed: boolean;
}

/** Drain the dead letters of a queue for as long as the process lives. */
export function startDrainer({ queue, broker, pool, metrics, log, subject }: DrainerOptions): {
  stop(): Promise<void>;
} {
  const from = deadLetterQueueName(queue);
  const stopping = new AbortController();
  let model: ChannelModel | undefined;
  let subscription: Subscription | undefined;
  let subscribing: Promise<void> | undefined;
  let pumping: Promise<void> | undefined;
  let paused = false;

  async function subscribe(to: ChannelModel): Promise<void> {
    model = to;
    if (paused || stopping.signal.aborted) return;
    const channel = await to.createChannel();
    const own: Subscription = { model: to, channel, waiting: [], closed: false };
    channel.on('error', (error) => log.warn({ err: error, queue: from }, 'the broker closed the drainer'));
    channel.on('close', () => {
      if (own.closed) return;
      own.closed = true;
      broker.reconnect(to, `the channel of ${from} closed`);
    });
    await channel.prefetch(PREFETCH);
    subscription = own;
    await channel.consume(from, (delivery) => {
      if (!delivery) return broker.reconnect(to, `the broker cancelled the consumer of ${from}`);
      own.waiting.push(delivery);
      pump();
    });
    if (stopping.signal.aborted) await unsubscribe(); // nobody would store what it gets
  }

  async function unsubscribe(): Promise<void> {
    if (!subscription || subscription.closed) return;
    subscription.closed = true;
    await closeChannel(subscription.channel);
  }

  const hasWork = () =>
    !stopping.signal.aborted && subscription !== undefined && !subscription.closed && subscription.waiting.length > 0;

  function pump(): void {
    pumping ??= drainWaiting()
      .catch((error: Error) => {
        log.error({ err: error, queue: from }, 'the drainer failed');
        if (subscription) broker.reconnect(subscription.model, error.message);
      })
      .finally(() => {
        pumping = undefined;
        if (hasWork()) pump();
      });
  }

  async function drainWaiting(): Promise<void> {
    while (hasWork() && subscription) {
      const { channel, waiting } = subscription;
      const batch = waiting.splice(0, sizeOfBatch(waiting));
      if (await store(batch)) unlessGone(() => acknowledge(channel, batch));
      else if (await pool.takesWrites()) await storeOneByOne(channel, batch);
      else await pauseUntilDatabase();
    }
  }

  async function store(batch: readonly ConsumeMessage[]): Promise<boolean> {
    // In one order everywhere, so that two processes with copies of the same letters do not deadlock.
    const letters = batch.map((delivery) => readLetter(queue, delivery, new Date(), subject)).sort(byMessage);
    try {
      const stored = await inTransaction(pool, async (trx) => {
        const results = [];
        for (const letter of letters) results.push({ letter, result: await storeLetter(trx, letter) });
        return results;
      });
      for (const { letter, result } of stored) {
        const { messageId, type, reason, subjectId } = letter;
        const about = { queue, messageId, messageType: type, reason, ...subjectInLog(subject, subjectId) };
        log.warn({ ...about, result }, 'a dead letter arrived');
      }
    } catch (error) {
      log.warn({ err: error, queue: from }, 'dead letters could not be written down');
      return false;
    }
    await sample().catch(() => {});
    return true;
  }

  async function storeOneByOne(channel: Channel, batch: readonly ConsumeMessage[]): Promise<void> {
    for (const delivery of batch) {
      if (await store([delivery])) unlessGone(() => channel.ack(delivery));
      else {
        log.error({ queue: from, messageId: delivery.properties.messageId }, 'a dead letter cannot be written down');
        await sleep(PROBE_INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => {});
        unlessGone(() => channel.nack(delivery, false, true));
      }
    }
  }

  async function pauseUntilDatabase(): Promise<void> {
    paused = true;
    await unsubscribe();
    while (!stopping.signal.aborted && !(await pool.takesWrites())) {
      await sleep(PROBE_INTERVAL_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
    paused = false;
    const on = model;
    if (on && !stopping.signal.aborted)
      await subscribe(on).catch((error: Error) => broker.reconnect(on, error.message));
  }

  const sample = async () => metrics.deadLettersOpen.set({ queue }, await countOpen(pool, queue));
  // Without the database the gauge keeps its last value; its absence has alarms of its own.
  const sampler = setInterval(() => sample().catch(() => {}), SAMPLE_MS).unref();
  const detach = broker.onConnection((to) => {
    subscribing = subscribe(to);
    return subscribing;
  });

  return {
    async stop() {
      stopping.abort();
      clearInterval(sampler);
      detach();
      const finish = async () => {
        await subscribing?.catch(() => {});
        await pumping;
        await unsubscribe();
      };
      await Promise.race([finish(), sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

/** As many as fit, but one at least. */
function sizeOfBatch(waiting: readonly ConsumeMessage[]): number {
  let bytes = 0;
  const end = waiting.findIndex(({ content }, index) => {
    bytes += content.length;
    return index > 0 && bytes > BATCH_BYTES;
  });
  return end === -1 ? waiting.length : end;
}

function acknowledge(channel: Channel, batch: readonly ConsumeMessage[]): void {
  const last = batch.at(-1);
  // One ack for all: everything before the last is answered, or is of this batch.
  if (last) channel.ack(last, true);
}

/** On a channel that is gone: all of it comes again, and the table knows it. */
function unlessGone(answer: () => void): void {
  try {
    answer();
  } catch {}
}

function byMessage(a: ArrivedLetter, b: ArrivedLetter): number {
  const [one, other] = [a, b].map(({ replayOf, messageId }) => replayOf?.id ?? messageId);
  return (one ?? '') < (other ?? '') ? -1 : 1;
}
