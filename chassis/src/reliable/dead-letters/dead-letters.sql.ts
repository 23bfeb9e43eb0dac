import type { LimitedQuery, Queryable, Transaction } from '../postgres/connections.ts';
import { type DeadLetter, type DeadLetterStatus, deadLetterStatus, type HistoryEntry } from './dead-letter.ts';
import { type ArrivedLetter, OUTBOX } from './read-letter.ts';

/** Who acts on dead letters, and with which request. */
export interface ActionBy {
  actor: string;
  correlationId: string;
  traceparent?: string;
  at: Date;
}

/** A dead letter with all that is known of its message. */
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

// A message may be as large as the broker allows, far above anything that the pool's limits were made for.
const STORE_TIMEOUT_MS = 30_000;
// As many as one page of a list that is not paged can show.
const GROUPS_AT_MOST = 1_000;

/**
 * Write down a letter that arrived; one that is known already makes no second row. Its row opens again when
 *   - it is the latest replay, dead again;
 *   - it is no replay, and not the delivery that was written down: another copy of its message has come and died.
 * Anything else is a letter that was written down before its drainer died, or a copy from before the latest replay.
 */
export async function storeLetter(trx: Transaction, letter: ArrivedLetter): Promise<'new' | 'reopened' | 'known'> {
  await trx.query(`SET LOCAL statement_timeout = ${STORE_TIMEOUT_MS}`);
  if (letter.replayOf) {
    const { id, replay } = letter.replayOf;
    if (await reopen(trx, letter, { id, replay })) return 'reopened';
    const { rowCount } = await trx.query('SELECT FROM dead_letters WHERE id = $1', [id]);
    if (rowCount) return 'known';
  }
  if (letter.redelivered && (await isWrittenDown(trx, letter))) return 'known';
  if (await insert(trx, letter)) return 'new';
  return (await reopen(trx, letter)) ? 'reopened' : 'known';
}

/**
 * Whether this very letter was written down at an earlier delivery: by its headers, which tell one death of a message
 * from another, and by the broker's count. Twins of one moment that nobody named are told apart by the count alone: each
 * of them finds a row of its own.
 */
async function isWrittenDown(trx: Transaction, letter: ArrivedLetter): Promise<boolean> {
  // Written apart, so that the index finds a letter with a name; those without one are looked for among their queue's.
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

/** A dead letter, locked for the step that follows. */
export async function lockDeadLetter(trx: Transaction, id: string): Promise<DeadLetter | undefined> {
  const { rows } = await trx.query<DeadLetter>(`SELECT ${VIEW} FROM dead_letters WHERE id = $1 FOR UPDATE`, [id]);
  return rows[0];
}

/**
 * Send open letters to their queues again, with the change of status in the same statement. They carry no trace of
 * earlier attempts, so their attempts begin anew; the inbox knows none of them, for a message that dies leaves no row
 * in it, unless it had its effect: then it is dropped there, as it should be. What never reached the broker goes where it
 * was to go.
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

/** Give an open letter up. */
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

/** The oldest open letters of a group, locked: so many at most, and at least one but no more bytes. */
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

/** How many letters of a group are open; undefined when there never was such a group. */
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
 * Each in the order of the index that knows it. What is asked for is written as a range of one value: with an equality the
 * planner might read the newest letters of all until it has found enough of these.
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

/** The open letters by what is probably one fault, the largest group first. */
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

// For the gauge more than that are many.
const COUNTED_AT_MOST = 10_000;

/** How many letters of a queue are open, up to a bound, for the gauge. */
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
