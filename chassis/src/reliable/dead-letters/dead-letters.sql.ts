import type { LimitedQuery, Queryable, Transaction } from '../postgres/connections.ts';
import { type DeadLetter, type DeadLetterStatus, deadLetterStatus, type HistoryEntry } from './dead-letter.ts';
import { type ArrivedLetter, OUTBOX } from './read-letter.ts';

/** The actor and the request of an action on dead letters. */
export interface ActionBy {
  actor: string;
  correlationId: string;
  traceparent?: string;
  at: Date;
}

/** A dead letter with its whole message. */
export interface WholeDeadLetter extends DeadLetter {
  subjectId?: string;
  message: { id: string; routingKey: string; headers: Record<string, unknown>; body: string };
  createdAt: Date;
  updatedAt: Date;
}

export interface DeadLetterGroup {
  group: string;
  queue: string;
  type: string;
  reason: string;
  count: number;
  firstAt: Date;
  lastAt: Date;
}

// A message may be as large as the broker allows, for which the pool's timeouts are too short.
const STORE_TIMEOUT_MS = 30_000;
// The list of groups is not paged, so it needs a limit.
const GROUPS_AT_MOST = 1_000;

/**
 * Store a letter from the dead-letter queue; one that is already known gets no second row. The row is reopened if the letter is
 *   - the latest replay, which was dead-lettered again;
 *   - not a replay, and not the stored delivery: another copy of the message was dead-lettered.
 * Otherwise the letter was stored before its drainer crashed, or is a copy from before the latest replay.
 */
export async function storeLetter(trx: Transaction, letter: ArrivedLetter): Promise<'new' | 'reopened' | 'known'> {
  await trx.query(`SET LOCAL statement_timeout = ${STORE_TIMEOUT_MS}`);
  if (letter.replayOf) {
    const { id, replay } = letter.replayOf;
    if (await reopen(trx, letter, { id, replay })) return 'reopened';
    const { rowCount } = await trx.query('SELECT FROM dead_letters WHERE id = $1', [id]);
    if (rowCount) return 'known';
  }
  if (letter.redelivered && (await isStored(trx, letter))) return 'known';
  if (await insert(trx, letter)) return 'new';
  return (await reopen(trx, letter)) ? 'reopened' : 'known';
}

/**
 * Whether this letter was already stored at an earlier delivery. It is identified by its headers, which differ each time a
 * message is dead-lettered, and by the broker's delivery count. Identical letters without a message id are distinguished by the
 * count alone: each matches a row of its own.
 */
async function isStored(trx: Transaction, letter: ArrivedLetter): Promise<boolean> {
  // Two conditions, so that the index is used for letters with a message id. Letters without one are searched in their
  // queue.
  const name = letter.unnamed ? `message_id LIKE 'unnamed-%' AND $3::text IS NOT NULL` : 'message_id = $3';
  const { rowCount } = await trx.query(
    /* sql */ `
    WITH same AS MATERIALIZED (
      SELECT id, deliveries, headers FROM dead_letters WHERE queue = $1 AND ${name} AND body_digest = $2
    )
    UPDATE dead_letters SET deliveries = $4 WHERE id = (
      SELECT d.id FROM dead_letters d JOIN same USING (id)
      WHERE d.id = ANY (ARRAY(SELECT id FROM same)) AND d.deliveries < $4 AND d.headers::text = $5
      ORDER BY d.id LIMIT 1 FOR UPDATE OF d)`,
    [letter.queue, letter.bodyDigest, letter.messageId, letter.deliveries, JSON.stringify(letter.headers)],
  );
  return rowCount === 1;
}

async function insert(trx: Transaction, letter: ArrivedLetter): Promise<boolean> {
  const statement: LimitedQuery = {
    text: /* sql */ `
      INSERT INTO dead_letters (id, queue, type, reason, attempts, history, message_id, subject_id, routing_key, headers,
        traceparent, body, body_digest, deliveries)
      VALUES ($1, $2, $3, $4, $5, $6::json[], $7, $8, $9, $10, $11, $12, $13, $14)
      ON CONFLICT ON CONSTRAINT dead_letters_message_key DO NOTHING`,
    values: [
      letter.id,
      letter.queue,
      letter.type,
      letter.reason,
      letter.attempts,
      toJsonArray(letter.history),
      letter.messageId,
      letter.subjectId ?? null,
      letter.routingKey,
      JSON.stringify(letter.headers),
      letter.traceparent ?? null,
      letter.body,
      letter.bodyDigest,
      letter.deliveries,
    ],
    limitMs: STORE_TIMEOUT_MS,
  };
  const { rowCount } = await trx.query(statement);
  return rowCount === 1;
}

async function reopen(
  trx: Transaction,
  letter: ArrivedLetter,
  replayOf?: { id: string; replay: number },
): Promise<boolean> {
  const which = replayOf
    ? `id = $6 AND queue = $7 AND status = 'replayed' AND replays <= $8`
    : `queue = $6 AND message_id = $7 AND body_digest = $8 AND status <> 'open'`;
  const { rowCount } = await trx.query(
    /* sql */ `
    UPDATE dead_letters SET status = 'open', actor = NULL, discard_reason = NULL, reason = $1,
      attempts = LEAST(attempts::bigint + $2, 2147483647)::integer, history = history || $3::json[], headers = $4,
      deliveries = $5, arrived_at = now(), updated_at = now()
    WHERE ${which}`,
    [
      letter.reason,
      letter.attempts,
      toJsonArray(letter.history),
      JSON.stringify(letter.headers),
      letter.deliveries,
      ...(replayOf
        ? [replayOf.id, letter.queue, replayOf.replay]
        : [letter.queue, letter.messageId, letter.bodyDigest]),
    ],
  );
  return rowCount === 1;
}

const VIEW = `id, queue, type, reason, group_key AS "group", status, attempts, history`;

/** Read and lock a dead letter. */
export async function lockDeadLetter(trx: Transaction, id: string): Promise<DeadLetter | undefined> {
  const { rows } = await trx.query<DeadLetter>(`SELECT ${VIEW} FROM dead_letters WHERE id = $1 FOR UPDATE`, [id]);
  return rows[0];
}

/**
 * Send open letters to their queues again, and change their status in the same statement. Headers of earlier attempts are
 * removed, so attempts are counted from 0 again. The inbox has no row for a dead letter, unless its message took effect: then
 * the replay is correctly dropped as a duplicate. Letters that never reached the broker are published to their original
 * exchange.
 */
export async function replayLetters(
  trx: Transaction,
  ids: readonly string[],
  by: ActionBy,
): Promise<(DeadLetter & { subjectId?: string })[]> {
  const { actor, correlationId, at } = by;
  const entry: HistoryEntry = { type: 'replayed', at: at.toISOString(), actor, correlationId };
  const { rows } = await trx.query<DeadLetter & { subject_id: string | null }>(
    /* sql */ `
    WITH replayed AS (
      UPDATE dead_letters
      SET status = 'replayed', replays = replays + 1, actor = $2, history = history || $3::json, updated_at = now()
      WHERE id = ANY($1::uuid[]) AND status = 'open'
      RETURNING *
    ), sent AS (
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent, headers)
      SELECT CASE WHEN message_id ~ $4 THEN message_id::uuid ELSE id END,
        CASE queue WHEN $5 THEN headers->>'x-exchange' ELSE '' END,
        CASE queue WHEN $5 THEN routing_key ELSE queue END,
        CASE queue WHEN $5 THEN (headers->>'x-mandatory')::boolean ELSE true END,
        subject_id, body, traceparent,
        json_build_object('x-dead-letter-id', id, 'x-replay', replays, 'x-routing-key', routing_key)
      FROM replayed ORDER BY id
    )
    SELECT ${VIEW}, subject_id FROM replayed ORDER BY id`,
    [ids, actor, JSON.stringify(entry), '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$', OUTBOX],
  );
  return rows.map(({ subject_id, ...letter }) => ({ ...letter, subjectId: subject_id ?? undefined }));
}

/** Discard an open letter. */
export async function discardLetter(
  trx: Transaction,
  id: string,
  reason: string,
  by: ActionBy,
): Promise<DeadLetter | undefined> {
  const { actor, correlationId, at } = by;
  const entry: HistoryEntry = { type: 'discarded', at: at.toISOString(), actor, correlationId, reason };
  const { rows } = await trx.query<DeadLetter>(
    /* sql */ `
    UPDATE dead_letters
    SET status = 'discarded', discard_reason = $2, actor = $3, history = history || $4::json, updated_at = now()
    WHERE id = $1 AND status = 'open'
    RETURNING ${VIEW}`,
    [id, reason, actor, JSON.stringify(entry)],
  );
  return rows[0];
}

/** Lock the oldest open letters of a group, up to these limits; at least one, even if it is larger than `bytes`. */
export async function lockOpenOfGroup(
  trx: Transaction,
  group: string,
  { letters, bytes }: { letters: number; bytes: number },
): Promise<string[]> {
  const { rows } = await trx.query<{ id: string }>(
    /* sql */ `
    WITH oldest AS (
      SELECT id, octet_length(body) AS bytes FROM dead_letters
      WHERE group_key = $1 AND status = 'open' ORDER BY id LIMIT $2
    ), summed AS (
      SELECT id, sum(bytes) OVER (ORDER BY id) AS total, row_number() OVER (ORDER BY id) AS place FROM oldest
    )
    SELECT id FROM dead_letters
    WHERE id IN (SELECT id FROM summed WHERE place = 1 OR total <= $3) AND status = 'open'
    ORDER BY id FOR UPDATE`,
    [group, letters, bytes],
  );
  return rows.map(({ id }) => id);
}

/** The number of open letters of a group; undefined if the group does not exist. */
export async function countOpenOfGroup(q: Queryable, group: string): Promise<number | undefined> {
  const { rows } = await q.query<{ exists: boolean; open: number }>(
    /* sql */ `
    SELECT EXISTS (SELECT FROM dead_letters WHERE group_key = $1) AS exists,
      (SELECT count(*)::integer FROM dead_letters WHERE group_key = $1 AND status = 'open') AS open`,
    [group],
  );
  return rows[0]?.exists ? rows[0].open : undefined;
}

export interface DeadLetterFilter {
  status?: DeadLetterStatus;
  group?: string;
  subjectId?: string;
  /** Only those older than this one. */
  before?: string;
}

/**
 * One query per combination of filters, each in the order of the index that serves it. Filters are written as ranges of one
 * value: with an equality, the planner might scan the newest letters of all groups until it has found enough matches.
 */
function pageOf({ status, group, subjectId, before }: DeadLetterFilter): string {
  const older = before === undefined ? '$2::uuid IS NULL' : 'id < $2';
  const page = `SELECT ${VIEW} FROM dead_letters WHERE ${older}`;
  const unused = '$3::text IS NULL AND $4::uuid IS NULL AND $5::text[] IS NOT NULL';
  if (subjectId !== undefined) {
    const rest = `AND status = ANY ($5::text[]) ${group === undefined ? 'AND $3::text IS NULL' : 'AND group_key = $3'}`;
    return `${page} AND subject_id BETWEEN $4 AND $4 ${rest} ORDER BY subject_id DESC, id DESC LIMIT $1`;
  }
  if (group === undefined && status === undefined) return `${page} AND ${unused} ORDER BY id DESC LIMIT $1`;
  return /* sql */ `
    SELECT l.* FROM unnest($5::text[]) AS wanted, LATERAL (
      ${page} AND status BETWEEN wanted AND wanted AND $4::uuid IS NULL
      ${group === undefined ? 'AND $3::text IS NULL' : 'AND group_key BETWEEN $3 AND $3'}
      ORDER BY ${group === undefined ? '' : 'group_key DESC,'} status DESC, id DESC LIMIT $1
    ) AS l ORDER BY l.id DESC LIMIT $1`;
}

/** A page, newest first. */
export async function listDeadLetters(q: Queryable, filter: DeadLetterFilter, limit: number): Promise<DeadLetter[]> {
  const { rows } = await q.query<DeadLetter>(pageOf(filter), [
    limit,
    filter.before ?? null,
    filter.group ?? null,
    filter.subjectId ?? null,
    filter.status === undefined ? deadLetterStatus.options : [filter.status],
  ]);
  return rows;
}

/** The groups of open letters, largest first. */
export async function listGroups(q: Queryable): Promise<DeadLetterGroup[]> {
  const { rows } = await q.query<DeadLetterGroup>(
    /* sql */ `
    SELECT group_key AS "group", queue, type, reason, count(*)::integer AS count, min(created_at) AS "firstAt",
      max(arrived_at) AS "lastAt"
    FROM dead_letters WHERE status = 'open'
    GROUP BY group_key, queue, type, reason ORDER BY count DESC, group_key LIMIT $1`,
    [GROUPS_AT_MOST],
  );
  return rows;
}

/** One dead letter with its whole message. */
export async function findDeadLetter(q: Queryable, id: string): Promise<WholeDeadLetter | undefined> {
  const { rows } = await q.query<
    DeadLetter & {
      subject_id: string | null;
      message_id: string;
      routing_key: string;
      headers: Record<string, unknown>;
      body: string;
      created_at: Date;
      updated_at: Date;
    }
  >(
    `SELECT ${VIEW}, subject_id, message_id, routing_key, headers, body, created_at, updated_at
     FROM dead_letters WHERE id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { subject_id, message_id, routing_key, headers, body, created_at, updated_at, ...letter } = row;
  return {
    ...letter,
    subjectId: subject_id ?? undefined,
    message: { id: message_id, routingKey: routing_key, headers, body },
    createdAt: created_at,
    updatedAt: updated_at,
  };
}

// Counting stops here; the gauge needs no more.
const COUNTED_AT_MOST = 10_000;

/** The number of open letters of a queue, up to a limit, for the gauge. */
export async function countOpen(q: Queryable, queue: string): Promise<number> {
  const { rows } = await q.query<{ count: number }>(
    /* sql */ `
    SELECT count(*)::integer AS count
    FROM (SELECT FROM dead_letters WHERE status = 'open' AND queue = $1 LIMIT $2) AS counted`,
    [queue, COUNTED_AT_MOST],
  );
  return rows[0]?.count ?? 0;
}

function toJsonArray(history: readonly HistoryEntry[]): string[] {
  return history.map((entry) => JSON.stringify(entry));
}
