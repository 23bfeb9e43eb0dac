import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, Queryable } from '../db/pool.ts';
import type { Broker } from '../messaging/connection.ts';
import type { OutgoingMessage, PublishOutcome } from '../messaging/publish.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/*
 * From the outbox to the broker, at least once, by any number of relays:
 *
 *   1. claim a batch for a while: commands first, so that they never wait behind events, each in id order (the claim is
 *      committed: no transaction is open during step 2)
 *   2. publish it, and wait for the confirms
 *   3. delete what was confirmed; give back the claim of the rest at once
 *
 * A relay that dies after step 1 or 2 leaves claimed rows: when the claim is over another relay publishes them, for the
 * second time if the first got that far, and the consumer's inbox drops the second. A mandatory message that no queue
 * took is kept, and so is one that a queue refused, such as a subscriber's that is full; they are held back for as long
 * as they have waited already, so the pauses double, and others pass.
 *
 * Claims and deletes do not wait for the disk: losing one in a crash of the database only means to publish again.
 */

export interface RelayOptions {
  pool: Pool;
  broker: Broker;
  metrics: Metrics;
  log: Logger;
  /** For tests that play a relay that died. */
  claimSeconds?: number;
  batchSize?: number;
  batchBytes?: number;
}

export interface Relay {
  /** There are new rows. Cheap: call it after every commit that wrote some. */
  wake(): void;
  /** Finish the running batch. */
  stop(): Promise<void>;
}

// Longer than the longest publish (5 s for confirms) with its two statements, so no live relay loses its claim.
const CLAIM_SECONDS = 30;
const BATCH_SIZE = 500;
// A batch is in memory several times over: as rows, as messages, as what the socket has not taken yet. The row that
// reaches this is its last.
const BATCH_BYTES = 4 * 1024 * 1024;
// Rows that come within this time of the first travel in its batch: one claim, one wait, one delete for many.
const COALESCE_MS = 20;
// The net under wake(): rows of other processes, of claims that ran out and of messages held back.
const POLL_MS = 1_000;
const SAMPLE_MS = 5_000;
const LONGEST_PAUSE_SECONDS = 300;
// Above this many rows their number is an estimate: an exact one would cost more than it tells.
const COUNTED_AT_MOST = 10_000;
const STOP_TIMEOUT_MS = 7_000;

/** Publish what is in the outbox, now and from now on, until it is stopped. */
export function startRelay(options: RelayOptions): Relay {
  const { pool, broker, metrics, log } = options;
  const stopping = new AbortController();
  let woken = false;
  let nudge = () => {};

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const more = broker.isConnected() && (await relayBatch(options).catch(unavailable));
      if (!more) await rest();
    }
  }

  function unavailable(error: Error): boolean {
    log.warn({ err: error }, 'the relay could not use its database');
    return false;
  }

  /** Until someone wakes us, or for the poll interval; then a moment longer, for the rows that follow. */
  async function rest(): Promise<void> {
    if (!woken) {
      const nudged = new AbortController();
      nudge = () => nudged.abort();
      await pause(POLL_MS, AbortSignal.any([stopping.signal, nudged.signal]));
    }
    if (woken && !stopping.signal.aborted) await pause(COALESCE_MS, stopping.signal);
    woken = false;
  }

  const wake = () => {
    woken = true;
    nudge();
  };
  broker.onUsable(wake);

  const sample = async () => {
    const { pending, oldestSeconds } = await outboxStats(pool);
    metrics.outboxPending.set(pending);
    metrics.outboxOldest.set(oldestSeconds);
    metrics.databaseAnswered.setToCurrentTime();
  };
  // Without the database the gauges keep their last value; its absence has alarms of its own.
  const sampler = setInterval(() => sample().catch(() => {}), SAMPLE_MS).unref();
  const running = run();

  return {
    wake,
    async stop() {
      stopping.abort();
      clearInterval(sampler);
      await Promise.race([running, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    },
  };
}

/** One batch. True when there is probably more to do at once. */
async function relayBatch(options: RelayOptions): Promise<boolean> {
  const {
    pool,
    broker,
    metrics,
    log,
    claimSeconds = CLAIM_SECONDS,
    batchSize = BATCH_SIZE,
    batchBytes = BATCH_BYTES,
  } = options;
  const rows = await claim(pool, { seconds: claimSeconds, rows: batchSize, bytes: batchBytes });
  if (rows.length === 0) return false;
  const outcomes = await broker.publish(rows.map(toOutgoing));
  const confirmed = idsOf(rows, outcomes, ['confirmed']);
  const returned = idsOf(rows, outcomes, ['returned']);
  const refused = idsOf(rows, outcomes, ['refused']);
  const unsent = idsOf(rows, outcomes, ['failed', 'unanswered']);
  await removeConfirmed(pool, confirmed);
  metrics.outboxPublished.inc(confirmed.length);
  metrics.outboxReturned.inc(returned.length);
  const keep = async (ids: string[], why: string) => {
    if (ids.length === 0) return;
    const keys = [...new Set(rows.filter((row) => ids.includes(row.id)).map((row) => row.routing_key))];
    log.error({ messages: ids.length, routingKeys: keys }, `${why}; they are kept`);
    await holdBack(pool, ids);
  };
  await keep(returned, 'no queue takes these messages');
  await keep(refused, 'a queue refuses these messages');
  if (unsent.length > 0) {
    log.warn({ messages: unsent.length }, 'the broker did not confirm; the messages stay in the outbox');
    await giveBack(pool, unsent, rows[0]?.claimed_until as string);
    return false;
  }
  return rows.length === batchSize || rows.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0) >= batchBytes;
}

interface ClaimedRow {
  id: string;
  message_id: string;
  exchange: string;
  routing_key: string;
  mandatory: boolean;
  body: string;
  traceparent: string | null;
  headers: Record<string, unknown> | null;
  /** As text: a Date would lose the microseconds by which a claim is recognized. */
  claimed_until: string;
}

// Set for the one statement that contains it; see the header for why it is safe.
const WITHOUT_WAITING_FOR_DISK = `set_config('synchronous_commit', 'off', true)`;

interface ClaimLimits {
  seconds: number;
  rows: number;
  bytes: number;
}

async function claim(q: Queryable, { seconds, rows: limit, bytes }: ClaimLimits): Promise<ClaimedRow[]> {
  const { rows } = await q.query<ClaimedRow>({
    name: 'outbox-claim',
    text: /* sql */ `
      WITH commands AS MATERIALIZED (
        SELECT id, mandatory, octet_length(body) AS bytes FROM outbox_messages
        WHERE mandatory AND (claimed_until IS NULL OR claimed_until < now())
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
      ), events AS MATERIALIZED (
        SELECT id, mandatory, octet_length(body) AS bytes FROM outbox_messages
        WHERE NOT mandatory AND (claimed_until IS NULL OR claimed_until < now())
        ORDER BY id LIMIT $2 - (SELECT count(*) FROM commands) FOR UPDATE SKIP LOCKED
      ), batch AS (
        SELECT id, sum(bytes) OVER (ORDER BY mandatory DESC, id) - bytes AS bytes_before
        FROM (TABLE commands UNION ALL TABLE events) AS due
      ), claimed AS (
        UPDATE outbox_messages m SET claimed_until = now() + make_interval(secs => $1)
        -- As an array, for a join might read all rows up to the last command.
        WHERE m.id = ANY (ARRAY(SELECT id FROM batch WHERE bytes_before < $3))
        RETURNING m.*
      )
      SELECT id, message_id, exchange, routing_key, mandatory, body, traceparent, headers, claimed_until::text,
        ${WITHOUT_WAITING_FOR_DISK}
      FROM claimed ORDER BY mandatory DESC, id`,
    values: [seconds, limit, bytes],
  });
  return rows;
}

async function removeConfirmed(q: Queryable, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await q.query({
    name: 'outbox-remove',
    text: /* sql */ `
      DELETE FROM outbox_messages
      WHERE id = ANY($1::bigint[]) AND (SELECT ${WITHOUT_WAITING_FOR_DISK}) = 'off'`,
    values: [ids],
  });
}

async function giveBack(q: Queryable, ids: string[], claimedUntil: string): Promise<void> {
  // By the claim too: if ours has run out, the row is another relay's by now.
  await q.query(
    /* sql */ `
      UPDATE outbox_messages SET claimed_until = NULL
      WHERE id = ANY($1::bigint[]) AND claimed_until = $2::timestamptz`,
    [ids, claimedUntil],
  );
}

async function holdBack(q: Queryable, ids: string[]): Promise<void> {
  await q.query(
    /* sql */ `
      UPDATE outbox_messages
      SET claimed_until = now() + LEAST(GREATEST(now() - created_at, interval '1 second'), make_interval(secs => $2))
      WHERE id = ANY($1::bigint[])`,
    [ids, LONGEST_PAUSE_SECONDS],
  );
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

function idsOf(rows: ClaimedRow[], outcomes: PublishOutcome[], wanted: PublishOutcome[]): string[] {
  return rows.filter((_, index) => wanted.includes(outcomes[index] as PublishOutcome)).map((row) => row.id);
}

function toOutgoing(row: ClaimedRow): OutgoingMessage {
  return {
    exchange: row.exchange,
    routingKey: row.routing_key,
    mandatory: row.mandatory,
    body: row.body,
    messageId: row.message_id,
    ...describe(row.body),
    headers: { ...row.headers, ...(row.traceparent !== null && { traceparent: row.traceparent }) },
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

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
