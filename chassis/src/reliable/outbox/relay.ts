import { setTimeout as sleep } from 'node:timers/promises';
import { countOpen, storeLetter } from '../dead-letters/dead-letters.sql.ts';
import { OUTBOX, type UnsentMessage, unsendableLetter } from '../dead-letters/read-letter.ts';
import type { Broker } from '../messaging/connection.ts';
import type { OutgoingMessage, PublishOutcome } from '../messaging/publish.ts';
import { type Subject, subjectInLog } from '../messaging/subject.ts';
import type { Database, Queryable, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Logger, Metrics, Span, Tracing } from '../telemetry.ts';
import { throttled } from '../throttled.ts';

/*
 * Publishes the outbox to the broker, at least once, with any number of relays. One transaction per batch:
 *
 *   1. lock its rows, skipping rows locked by other relays: commands first, so that they never wait behind events, both in
 *      id order
 *   2. publish them, and wait for the confirms
 *   3. delete the confirmed rows, and commit; the others are unlocked
 *
 * When a relay crashes, its locks end with its connection (or, if it is frozen, after the pool's
 * idle_in_transaction_session_timeout), and another relay publishes the rows, perhaps for the second time; the consumer's
 * inbox drops the duplicate. A mandatory message that is unroutable stays in the outbox, and so does one that a queue refused,
 * such as a subscriber's full queue. Such messages are held back for as long as they have already waited, so the pauses
 * double, and other messages are published meanwhile. A message that cannot be encoded becomes a dead letter, because no retry
 * can succeed.
 *
 * Commands are unroutable until their consumer has started for the first time, because only the consumer declares the queue.
 * To publish commands soon after that, even when they have waited for hours, one message per routing key is tried every few
 * seconds:
 *
 *   returned              -> held back; the first of its routing key in the batch is the probe, with a short pause
 *   a probe is confirmed  -> the messages held back under its routing key are due; the last of them is the next probe
 *
 * The commit is asynchronous (synchronous_commit = off): if it is lost in a crash of the database, messages are published again.
 */

export interface RelayOptions {
  pool: Database;
  broker: Broker;
  metrics: Metrics;
  now: () => Date;
  log: Logger;
  tracing?: Tracing;
  /** What the messages are about. */
  subject?: Subject;
  batchSize?: number;
  batchBytes?: number;
}

export interface Relay {
  /** Signal new rows. Cheap: call it after every commit that wrote some. */
  wake(): void;
  /** Finish the running batch and stop. */
  stop(): Promise<void>;
}

const BATCH_ROWS = 500;
// A batch is in memory several times: as rows, as messages and in the socket's buffer. The row that reaches this size is the
// last of its batch.
const BATCH_BYTES = 4 * 1024 * 1024;
// Rows added within this time of the first share its batch: one transaction and one wait for confirms.
const COALESCE_MS = 50;
// Fallback for wake(): rows of other processes, of crashed relays, and of messages held back.
const POLL_MS = 1_000;
const SAMPLE_MS = 5_000;
const LONGEST_PAUSE_SECONDS = 300;
// Short enough that waiting commands are published within a minute of the consumer's first start.
const PROBE_PAUSE_SECONDS = 5;
// Bounds the statement, however many messages were held back.
const RELEASED_AT_ONCE = 5_000;
// Above this many rows the count is an estimate, because counting all rows is too expensive.
const COUNTED_AT_MOST = 10_000;
const LOGGED_EVERY_MS = 10_000;
const STOP_TIMEOUT_MS = 7_000;

/** Publish the outbox continuously until stopped. */
export function startRelay(options: RelayOptions): Relay {
  const { pool, broker, metrics, log } = options;
  const stop = new AbortController();
  let woken = false;
  let interruptRest = () => {};

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const more = broker.isConnected() && (await relayBatch(options).catch(pause));
      if (!more) await rest();
    }
  }

  const logFailure = throttled(LOGGED_EVERY_MS, (others, error: unknown) =>
    log.warn({ err: error, others }, 'relay could not use its database'),
  );

  /** Wait for a full poll interval even if woken, because the writes that wake it fail as well. */
  async function pause(error: unknown): Promise<false> {
    logFailure(error);
    await sleep(POLL_MS, undefined, { signal: stop.signal }).catch(() => {});
    return false;
  }

  /** Wait until woken, or for the poll interval; then a moment longer, to batch the rows that follow. */
  async function rest(): Promise<void> {
    if (!woken && !stop.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        interruptRest = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (woken && !stop.signal.aborted) await sleep(COALESCE_MS);
    woken = false;
  }

  const wake = () => {
    woken = true;
    interruptRest();
  };
  broker.onUsable(wake);

  const sample = async () => {
    const { pending, oldestSeconds } = await outboxStats(pool);
    metrics.outboxPending.set(pending);
    metrics.outboxOldest.set(oldestSeconds);
    metrics.deadLettersOpen.set({ queue: OUTBOX }, await countOpen(pool, OUTBOX));
    if (await pool.takesWrites()) metrics.databaseAnswered.setToCurrentTime();
  };
  // While the database is unavailable the gauges keep their last value; other alerts cover the outage.
  const sampler = setInterval(() => sample().catch(() => {}), SAMPLE_MS).unref();
  const running = run();

  return {
    wake,
    async stop() {
      stop.abort();
      interruptRest();
      clearInterval(sampler);
      await Promise.race([running, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

/** Publish one batch. True if there are probably more rows due now. */
async function relayBatch(options: RelayOptions): Promise<boolean> {
  const { pool, broker, metrics, log, batchSize = BATCH_ROWS, batchBytes = BATCH_BYTES } = options;
  return inTransaction(pool, async (trx) => {
    const rows = await lockBatch(trx, { rows: batchSize, bytes: batchBytes });
    if (rows.length === 0) return false;
    const outcomes = await publish(broker, rows, options.tracing);
    const rowsWith = (...wanted: PublishOutcome[]) =>
      rows.filter((_, index) => wanted.includes(outcomes[index] as PublishOutcome));
    const [confirmed, unencodable] = [rowsWith('confirmed'), rowsWith('unencodable')];
    const [returned, refused, unsent] = [rowsWith('returned'), rowsWith('refused'), rowsWith('failed', 'unanswered')];
    await moveToDeadLetters(trx, unencodable, options);
    await remove(trx, [...confirmed, ...unencodable]);
    metrics.outboxPublished.inc(confirmed.length);
    metrics.outboxReturned.inc(returned.length);
    logKept(log, returned, 'broker returned unroutable messages');
    logKept(log, refused, 'queue refused messages');
    const probes = firstOfEachKey(returned);
    await holdBack(trx, probes, PROBE_PAUSE_SECONDS);
    await holdBack(trx, [...returned.filter((row) => !probes.includes(row)), ...refused], LONGEST_PAUSE_SECONDS);
    const released = await release(trx, firstOfEachKey(confirmed.filter((row) => row.mandatory && row.held_back)));
    if (unsent.length > 0) {
      log.warn({ messages: unsent.length }, 'broker did not confirm messages; they stay in the outbox');
      return false;
    }
    const bytes = rows.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
    return released > 0 || rows.length === batchSize || bytes >= batchBytes;
  });
}

function logKept(log: Logger, rows: readonly OutboxMessage[], why: string): void {
  if (rows.length === 0) return;
  const routingKeys = [...new Set(rows.map((row) => row.routing_key))];
  log.error({ messages: rows.length, routingKeys }, `${why}; they stay in the outbox`);
}

function firstOfEachKey(rows: readonly OutboxMessage[]): OutboxMessage[] {
  const keyOf = ({ exchange, routing_key }: OutboxMessage) => JSON.stringify([exchange, routing_key]);
  return [...new Map(rows.toReversed().map((row) => [keyOf(row), row])).values()];
}

interface OutboxMessage extends UnsentMessage {
  id: string;
  /** It was unroutable or refused at the last attempt. */
  held_back: boolean;
}

interface BatchLimits {
  rows: number;
  bytes: number;
}

async function lockBatch(trx: Transaction, { rows: limit, bytes }: BatchLimits): Promise<OutboxMessage[]> {
  const { rows } = await trx.query<OutboxMessage>({
    name: 'outbox-lock-batch',
    text: /* sql */ `
      WITH commands AS MATERIALIZED (
        SELECT * FROM outbox_messages
        WHERE mandatory AND (claimed_until IS NULL OR claimed_until < now())
        ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
      ), events AS MATERIALIZED (
        SELECT * FROM outbox_messages
        WHERE NOT mandatory AND (claimed_until IS NULL OR claimed_until < now())
        ORDER BY id LIMIT $1 - (SELECT count(*) FROM commands) FOR UPDATE SKIP LOCKED
      ), batch AS (
        SELECT *, sum(octet_length(body)) OVER (ORDER BY mandatory DESC, id) - octet_length(body) AS bytes_before
        FROM (TABLE commands UNION ALL TABLE events) AS due
      )
      SELECT id, message_id, exchange, routing_key, mandatory, subject_id, body, traceparent, headers,
        claimed_until IS NOT NULL AS held_back, set_config('synchronous_commit', 'off', true)
      FROM batch WHERE bytes_before < $2 ORDER BY mandatory DESC, id`,
    values: [limit, bytes],
  });
  return rows;
}

/** Store rows as dead letters, in the transaction that removes them from the outbox. */
async function moveToDeadLetters(
  trx: Transaction,
  rows: readonly OutboxMessage[],
  { now, log, subject }: RelayOptions,
): Promise<void> {
  for (const row of rows) {
    const letter = unsendableLetter(row, now());
    const result = await storeLetter(trx, letter);
    const { queue, messageId, type, reason, subjectId } = letter;
    const about = { queue, messageId, messageType: type, reason, ...subjectInLog(subject, subjectId) };
    log.error({ ...about, result }, 'message cannot be encoded; stored as a dead letter');
  }
}

async function remove(trx: Transaction, rows: readonly OutboxMessage[]): Promise<void> {
  if (rows.length === 0) return;
  await trx.query({
    name: 'outbox-remove',
    text: 'DELETE FROM outbox_messages WHERE id = ANY($1::bigint[])',
    values: [rows.map(({ id }) => id)],
  });
}

async function holdBack(trx: Transaction, rows: readonly OutboxMessage[], longestSeconds: number): Promise<void> {
  if (rows.length === 0) return;
  await trx.query(
    /* sql */ `
      UPDATE outbox_messages
      SET claimed_until = now() + LEAST(GREATEST(now() - created_at, interval '1 second'), make_interval(secs => $2))
      WHERE id = ANY($1::bigint[])`,
    [rows.map(({ id }) => id), longestSeconds],
  );
}

/** Make the messages due that were held back with the routing keys of these probes; returns their number. */
async function release(trx: Transaction, probes: readonly OutboxMessage[]): Promise<number> {
  if (probes.length === 0) return 0;
  const { rowCount } = await trx.query(
    /* sql */ `
      WITH held_back AS MATERIALIZED (
        SELECT id FROM outbox_messages
        WHERE mandatory AND claimed_until > now()
          AND (exchange, routing_key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
      )
      UPDATE outbox_messages SET claimed_until = CASE WHEN id = (SELECT max(id) FROM held_back) THEN now() END
      WHERE id = ANY (ARRAY(SELECT id FROM held_back))`,
    [probes.map(({ exchange }) => exchange), probes.map(({ routing_key }) => routing_key), RELEASED_AT_ONCE],
  );
  return rowCount ?? 0;
}

/** The number of messages and the age of the oldest, for the gauges. Cheap for any number of rows. */
export async function outboxStats(q: Queryable): Promise<{ pending: number; oldestSeconds: number }> {
  const { rows } = await q.query<{ pending: number; oldest_seconds: number }>(
    /* sql */ `
      WITH counted AS (SELECT count(*) AS n FROM (SELECT FROM outbox_messages LIMIT $1) AS head)
      SELECT
        CASE WHEN n < $1 THEN n ELSE GREATEST(n, (
          SELECT reltuples FROM pg_class WHERE oid = 'outbox_messages'::regclass)) END::float8 AS pending,
        COALESCE((
          SELECT EXTRACT(EPOCH FROM clock_timestamp() - created_at) FROM outbox_messages ORDER BY id LIMIT 1
        ), 0)::float8 AS oldest_seconds
      FROM counted`,
    [COUNTED_AT_MOST],
  );
  const [stats] = rows;
  return { pending: stats?.pending ?? 0, oldestSeconds: stats?.oldest_seconds ?? 0 };
}

async function publish(
  broker: Broker,
  rows: readonly OutboxMessage[],
  tracing: Tracing | undefined,
): Promise<PublishOutcome[]> {
  const spans = tracing && rows.map((row) => startPublishing(tracing, row));
  const outcomes = await broker.publish(rows.map((row, index) => toOutgoing(row, spans?.[index])));
  spans?.forEach((span, index) => {
    const outcome = outcomes[index];
    span?.end(outcome === 'confirmed' ? undefined : { failed: outcome });
  });
  return outcomes;
}

/** Start a span for publishing, unless the message belongs to no trace. */
function startPublishing(tracing: Tracing, row: OutboxMessage): Span | undefined {
  if (row.traceparent === null) return undefined;
  return tracing.start(`publish ${row.routing_key}`, {
    kind: 'producer',
    parent: row.traceparent,
    attributes: {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': row.exchange,
      'messaging.rabbitmq.destination.routing_key': row.routing_key,
      'messaging.message.id': row.message_id,
    },
  });
}

function toOutgoing(row: OutboxMessage, span: Span | undefined): OutgoingMessage {
  const traceparent = span?.traceparent ?? row.traceparent;
  return {
    exchange: row.exchange,
    routingKey: row.routing_key,
    mandatory: row.mandatory,
    body: row.body,
    messageId: row.message_id,
    ...describe(row.body),
    headers: { ...row.headers, ...(traceparent !== null && { traceparent }) },
  };
}

/** AMQP properties from the envelope, for people who inspect queues. A replayed body may be anything. */
function describe(body: string): Pick<OutgoingMessage, 'type' | 'occurredAt'> {
  try {
    const { type, occurredAt } = JSON.parse(body);
    // AMQP allows at most 255 bytes.
    const fits = typeof type === 'string' && Buffer.byteLength(type) < 256;
    return { type: fits ? type : undefined, occurredAt: new Date(occurredAt) };
  } catch {
    return {};
  }
}
