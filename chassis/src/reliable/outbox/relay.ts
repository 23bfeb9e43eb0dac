import { setTimeout as sleep } from 'node:timers/promises';
import { countOpen, storeLetter } from '../dead-letters/dead-letters.sql.ts';
import { OUTBOX, unsendableLetter } from '../dead-letters/read-letter.ts';
import type { Broker } from '../messaging/connection.ts';
import type { OutgoingMessage, PublishOutcome } from '../messaging/publish.ts';
import { type Subject, subjectInLog } from '../messaging/subject.ts';
import type { Database, Queryable, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Logger, Metrics, Span, Tracing } from '../telemetry.ts';
import { throttled } from '../throttled.ts';

/*
 * From the outbox to the broker, at least once, by any number of relays. One transaction for each batch:
 *
 *   1. lock its rows, passing over those that another relay has locked: commands first, so that they never wait behind
 *      events, each in id order
 *   2. publish them, and wait for the confirms
 *   3. delete what was confirmed, and commit; the rest is free again
 *
 * A relay that dies meanwhile leaves nothing behind: its locks end with its connection (or after the pool's
 * idle_in_transaction_session_timeout, when it is frozen), and another relay publishes the rows, for the second time if the
 * first got that far; the consumer's inbox drops the second. A mandatory message that no queue took is kept, and so is one
 * that a queue refused, such as a subscriber's that is full; they are held back for as long as they have waited already,
 * so the pauses double, and others pass. What cannot be encoded becomes a dead letter, for no attempt would ever send it.
 *
 * No queue takes a command until its consumer has started for the first time, since only the consumer declares the queue.
 * So that what has waited for hours is not held back for minutes more, one message of each kind is tried every few seconds:
 *
 *   returned              -> held back; the first of its routing key in the batch is the probe, and has a short pause
 *   a probe is confirmed  -> those held back under its routing key are due, the last of them being the next probe
 *
 * The commit does not wait for the disk: losing one in a crash of the database only means to publish again.
 */

export interface RelayOptions {
  pool: Database;
  broker: Broker;
  metrics: Metrics;
  log: Logger;
  tracing?: Tracing;
  /** What its messages are about. */
  subject?: Subject;
  batchSize?: number;
  batchBytes?: number;
}

export interface Relay {
  /** There are new rows. Cheap: call it after every commit that wrote some. */
  wake(): void;
  /** Finish the running batch. */
  stop(): Promise<void>;
}

const BATCH_ROWS = 500;
// A batch is in memory several times over: as rows, as messages, as what the socket has not taken yet. The row that
// reaches this is its last.
const BATCH_BYTES = 4 * 1024 * 1024;
// Rows that come within this time of the first travel in its batch: one transaction and one wait for many.
const COALESCE_MS = 50;
// The net under wake(): rows of other processes, of relays that died and of messages held back.
const POLL_MS = 1_000;
const SAMPLE_MS = 5_000;
const LONGEST_PAUSE_SECONDS = 300;
// What waits is to be settled within a minute of the consumer's first start.
const PROBE_PAUSE_SECONDS = 5;
// One statement must not take long, however many were held back.
const RELEASED_AT_ONCE = 5_000;
// Above this many rows their number is an estimate: an exact one would cost more than it tells.
const COUNTED_AT_MOST = 10_000;
const LOGGED_EVERY_MS = 10_000;
const STOP_TIMEOUT_MS = 7_000;

/** Publish what is in the outbox, now and from now on, until it is stopped. */
export function startRelay(options: RelayOptions): Relay {
  const { pool, broker, metrics, log } = options;
  const stop = new AbortController();
  let woken = false;
  let rouse = () => {};

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      const more = broker.isConnected() && (await relayBatch(options).catch(pause));
      if (!more) await rest();
    }
  }

  const logFailure = throttled(LOGGED_EVERY_MS, (others, error: unknown) =>
    log.warn({ err: error, others }, 'relay could not use its database'),
  );

  /** For the time of a poll, however often it is woken: what wakes it are writes, and they fail too. */
  async function pause(error: unknown): Promise<false> {
    logFailure(error);
    await sleep(POLL_MS, undefined, { signal: stop.signal }).catch(() => {});
    return false;
  }

  /** Until someone wakes us, or for the poll interval; then a moment longer, for the rows that follow. */
  async function rest(): Promise<void> {
    if (!woken && !stop.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        rouse = () => {
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
    rouse();
  };
  broker.onUsable(wake);

  const sample = async () => {
    const { pending, oldestSeconds } = await outboxStats(pool);
    metrics.outboxPending.set(pending);
    metrics.outboxOldest.set(oldestSeconds);
    metrics.deadLettersOpen.set({ queue: OUTBOX }, await countOpen(pool, OUTBOX));
    if (await pool.takesWrites()) metrics.databaseAnswered.setToCurrentTime();
  };
  // Without the database the gauges keep their last value; its absence has alarms of its own.
  const sampler = setInterval(() => sample().catch(() => {}), SAMPLE_MS).unref();
  const running = run();

  return {
    wake,
    async stop() {
      stop.abort();
      rouse();
      clearInterval(sampler);
      await Promise.race([running, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

/** One batch. True when there is probably more to do at once. */
async function relayBatch(options: RelayOptions): Promise<boolean> {
  const { pool, broker, metrics, log, batchSize = BATCH_ROWS, batchBytes = BATCH_BYTES } = options;
  return inTransaction(pool, async (trx) => {
    const rows = await lockBatch(trx, { rows: batchSize, bytes: batchBytes });
    if (rows.length === 0) return false;
    const outcomes = await publish(broker, rows, options.tracing);
    const those = (...wanted: PublishOutcome[]) =>
      rows.filter((_, index) => wanted.includes(outcomes[index] as PublishOutcome));
    const [confirmed, unencodable] = [those('confirmed'), those('unencodable')];
    const [returned, refused, unsent] = [those('returned'), those('refused'), those('failed', 'unanswered')];
    await setAside(trx, unencodable, options);
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

interface OutboxMessage {
  id: string;
  message_id: string;
  exchange: string;
  routing_key: string;
  mandatory: boolean;
  subject_id: string | null;
  body: string;
  traceparent: string | null;
  headers: Record<string, unknown> | null;
  /** No queue took it the last time, or one refused it. */
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

/** As dead letters, in the transaction that removes the rows. */
async function setAside(
  trx: Transaction,
  rows: readonly OutboxMessage[],
  { log, subject }: RelayOptions,
): Promise<void> {
  for (const row of rows) {
    const letter = unsendableLetter(row, new Date());
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

/** Let those follow that were held back and go where these went; returns how many. */
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

/** How many messages wait and how old the oldest is, for the gauges. Cheap, however many there are. */
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

/** A message that belongs to no trace begins none by being sent. */
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

/** What the envelope says of itself, for those who look at the broker. A replayed body may be anything. */
function describe(body: string): Pick<OutgoingMessage, 'type' | 'occurredAt'> {
  try {
    const { type, occurredAt } = JSON.parse(body);
    // 255 bytes is what AMQP has room for.
    const fits = typeof type === 'string' && Buffer.byteLength(type) < 256;
    return { type: fits ? type : undefined, occurredAt: new Date(occurredAt) };
  } catch {
    return {};
  }
}
