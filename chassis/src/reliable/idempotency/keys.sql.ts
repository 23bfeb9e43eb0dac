/**
 * All SQL on the table `idempotency_keys`: no other file names its columns (columns.unit.test.ts). Beside the statements
 * there are fragments, for a service that writes its own rows in the same statement.
 *
 *   running    claimed: by a transaction that is still open, or under a lease
 *   accepted   202 was given, and the lease has ended: what decides the resource completes the key
 *   completed  the answer is stored; the row is removed after its retention
 */
import { integers, texts } from '../postgres/arrays.ts';
import type { Queryable } from '../postgres/connections.ts';
import { sqlState } from '../postgres/transaction.ts';
import type { Reply } from '../refusal.ts';
import { requestInProgress } from './key-results.ts';
import type { KeyedRequest, KeyName } from './keyed-request.ts';

const LOCK_NOT_AVAILABLE = '55P03';

// A lease goes on for so long after its request was answered, if only by its time limit; with that time it is 30 s at most.
// Who holds it then is dead or frozen. And so the lease says from when on the request has its answer.
const LEASE_AFTER_ANSWER = "interval '27 seconds'";
const leaseUntil = (answeredInMs: string) =>
  `now() + ${answeredInMs} * interval '1 millisecond' + ${LEASE_AFTER_ANSWER}`;

/** A key that is held for its resource until the lease ends. */
export interface Lease extends KeyName {
  resourceId: string;
  /** Fencing token: it rises with each takeover, so that a process that lost its lease has no effect. */
  token: number;
}

/** A key as it is stored. */
export interface StoredKey {
  fingerprint: Buffer;
  state: 'running' | 'accepted' | 'completed';
  /** The stored answer. */
  reply: Reply | undefined;
  resourceId: string | undefined;
  token: number;
  isLeaseExpired: boolean;
}

/**
 * In the order in which every statement locks keys: two processes that want the same ones wait for each other in one direction
 * only.
 */
export function inOrderOfKeys<T>(members: readonly T[], nameOf: (member: T) => KeyName): T[] {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return members.toSorted((one, other) => {
    const [a, b] = [nameOf(one), nameOf(other)];
    return compare(a.clientId, b.clientId) || compare(a.key, b.key);
  });
}

/* ------------------------------------------------------------------------- fragments for the statements of a service */

/** What a fragment takes of a statement, as SQL expressions. */
export interface KeyColumns {
  clientId: string;
  key: string;
  resourceId: string;
}

/**
 * Fragment: claim the keys of `from` under leases. It has the columns `client_id`, `key`, `fingerprint`, `answered_in_ms` and
 * `position`, and is in the order of {@link inOrderOfKeys}. Returns `resource_id` for the keys that were free.
 */
export function claimKeys(input: { from: string; resourceId: string; where?: string }): string {
  const { from, resourceId, where = 'true' } = input;
  return /* sql */ `
    INSERT INTO idempotency_keys (client_id, key, fingerprint, state, resource_id, lease_until)
    SELECT client_id, key, fingerprint, 'running', ${resourceId}, ${leaseUntil('answered_in_ms')}
    FROM ${from}
    WHERE ${where}
    ORDER BY position
    ON CONFLICT DO NOTHING
    RETURNING resource_id`;
}

/** Fragment: the token under which a key is leased for this resource; NULL when it no longer is. */
export function leaseToken({ clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `(
    SELECT k.token FROM idempotency_keys k
    WHERE k.client_id = ${clientId} AND k.key = ${key} AND k.resource_id = ${resourceId} AND k.state = 'running')`;
}

// By two equalities, a plan from when the keys were few would go through all of them, by their index: hence arrays of one.
const isKey = (clientId: string, key: string) =>
  `k.client_id = ANY (ARRAY[${clientId}]) AND k.key = ANY (ARRAY[${key}])`;

/**
 * Fragment: store the answers of `from`, whoever holds the leases: the resource is decided, so its key is too. It has the
 * columns `answer_status`, `answer_location` and `answer_body`; without a body it is passed over.
 */
export function completeKeys(from: string, { clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `
    UPDATE idempotency_keys k SET
      state = 'completed', lease_until = NULL, status = answer_status, location = answer_location, body = answer_body
    FROM ${from}
    WHERE answer_body IS NOT NULL AND ${isKey(clientId, key)} AND k.resource_id = ${resourceId}`;
}

/** Fragment: end the leases of `from`: its requests are answered 202. */
export function acceptKeys(from: string, { clientId, key }: Omit<KeyColumns, 'resourceId'>): string {
  return /* sql */ `
    UPDATE idempotency_keys k SET state = 'accepted', lease_until = NULL
    FROM ${from} WHERE ${isKey(clientId, key)}`;
}

/** Fragment, for FROM: how often a resource's first answer was given again, and when last, as `count` and `at`. */
export function replaysOf({ clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `LATERAL (
    SELECT k.replays AS count, k.replayed_at AS at FROM (
      SELECT * FROM idempotency_keys WHERE client_id = ${clientId} AND key = ${key} LIMIT 1
    ) k
    WHERE k.resource_id = ${resourceId} AND k.replays > 0)`;
}

/* ---------------------------------------------------------------------------------------------- in one transaction */

/** Claim a key, in the transaction that stores its answer. False: it is taken. */
export async function claimKey(trx: Queryable, { clientId, key, fingerprint }: KeyedRequest): Promise<boolean> {
  return isClaimed(
    trx.query(
      /* sql */ `
      INSERT INTO idempotency_keys (client_id, key, fingerprint, state)
      VALUES ($1, $2, $3, 'running')
      ON CONFLICT DO NOTHING`,
      [clientId, key, fingerprint.bytes],
    ),
  );
}

async function isClaimed(claiming: Promise<{ rowCount: number | null }>): Promise<boolean> {
  try {
    return (await claiming).rowCount === 1;
  } catch (error) {
    // A twin whose transaction is still open.
    if (sqlState(error) === LOCK_NOT_AVAILABLE) throw requestInProgress();
    throw error;
  }
}

/** Store the answer of a key that this transaction has claimed or locked. */
export async function completeKey(trx: Queryable, { clientId, key }: KeyName, reply: Reply): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE idempotency_keys SET state = 'completed', lease_until = NULL, status = $3, location = $4, body = $5
    WHERE client_id = $1 AND key = $2`,
    [clientId, key, reply.status, reply.location ?? null, reply.body],
  );
}

/** Put the final answer in the place of a 202, for work that outlives the transaction which began it. */
export async function replaceAccepted(q: Queryable, { clientId, key }: KeyName, reply: Reply): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE idempotency_keys SET status = $3, location = $4, body = $5
    WHERE client_id = $1 AND key = $2 AND state = 'completed' AND status = 202`,
    [clientId, key, reply.status, reply.location ?? null, reply.body],
  );
}

/* ------------------------------------------------------------------------------------------------- under a lease */

/**
 * These keys as they are now, in their order; undefined where there is no row. A running key whose request has its answer
 * counts as accepted: at its time limit it got 202 while its work went on (or its process has died).
 */
export async function readKeys(q: Queryable, names: readonly KeyName[]): Promise<(StoredKey | undefined)[]> {
  const { rows } = await q.query<KeyRow>({
    name: 'read-keys',
    text: /* sql */ `
      SELECT k.fingerprint, k.status, k.location, k.body, k.resource_id, k.token,
             coalesce(k.lease_until < now(), true) AS lease_expired,
             CASE WHEN k.state = 'running' AND k.lease_until BETWEEN now() AND now() + ${LEASE_AFTER_ANSWER}
                  THEN 'accepted' ELSE k.state END AS state
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (client_id, key, position)
      LEFT JOIN LATERAL (
        SELECT * FROM idempotency_keys WHERE client_id = i.client_id AND key = i.key LIMIT 1
      ) k ON true
      ORDER BY i.position`,
    values: [texts(names.map(({ clientId }) => clientId)), texts(names.map(({ key }) => key))],
  });
  return rows.map(toStoredKey);
}

interface KeyRow {
  fingerprint: Buffer;
  state: StoredKey['state'];
  status: number | null;
  location: string | null;
  body: string | null;
  resource_id: string | null;
  /** Null where there is no row. */
  token: number | null;
  lease_expired: boolean;
}

function toStoredKey({ fingerprint, state, status, location, body, ...row }: KeyRow): StoredKey | undefined {
  if (row.token === null) return undefined;
  const isCompleted = state === 'completed' && status !== null && body !== null;
  return {
    fingerprint,
    state,
    reply: isCompleted ? { status, body, location: location ?? undefined } : undefined,
    resourceId: row.resource_id ?? undefined,
    token: row.token,
    isLeaseExpired: row.lease_expired,
  };
}

/**
 * Take keys over whose lease has expired, by the database's clock. Returns the new token by resource; absent are those for
 * which it was too late.
 */
export async function takeOver(
  q: Queryable,
  keys: readonly (KeyName & { answeredInMs: number })[],
): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const sorted = inOrderOfKeys(keys, (key) => key);
  const { rows } = await q.query<{ resource_id: string; token: number }>({
    name: 'take-over',
    text: /* sql */ `
    UPDATE idempotency_keys k SET token = k.token + 1, lease_until = ${leaseUntil('i.answered_in_ms')}
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, answered_in_ms)
    WHERE ${isKey('i.client_id', 'i.key')} AND k.state = 'running' AND (k.lease_until IS NULL OR k.lease_until < now())
    RETURNING k.resource_id, k.token`,
    values: [
      texts(sorted.map(({ clientId }) => clientId)),
      texts(sorted.map(({ key }) => key)),
      integers(sorted.map(({ answeredInMs }) => answeredInMs)),
    ],
  });
  return new Map(rows.map((row) => [row.resource_id, row.token]));
}

/** Claim one key under a lease, in the transaction that writes its resource. False: it is taken. */
export async function claimLease(
  trx: Queryable,
  { clientId, key, fingerprint }: KeyedRequest,
  { resourceId, answeredInMs }: { resourceId: string; answeredInMs: number },
): Promise<boolean> {
  return isClaimed(
    trx.query(
      /* sql */ `
      WITH input AS (
        SELECT $1::text AS client_id, $2::text AS key, $3::bytea AS fingerprint, $4::uuid AS resource_id,
               $5::integer AS answered_in_ms, 1 AS position
      )
      ${claimKeys({ from: 'input', resourceId: 'resource_id' })}`,
      [clientId, key, fingerprint.bytes, resourceId, answeredInMs],
    ),
  );
}

/**
 * Lock a key until the transaction ends, for the one that completes it. False: it is completed, or another request holds its
 * lease. Without a token, whoever holds the lease: the resource is decided, so its key is too.
 */
export async function lockKey(
  trx: Queryable,
  { clientId, key, resourceId, token }: Omit<Lease, 'token'> & { token?: number },
): Promise<boolean> {
  const { rowCount } = await trx.query(
    /* sql */ `
    SELECT FROM idempotency_keys
    WHERE client_id = $1 AND key = $2 AND resource_id = $3 AND state <> 'completed'
      AND ($4::integer IS NULL OR (token = $4 AND state = 'running'))
    FOR UPDATE`,
    [clientId, key, resourceId, token],
  );
  return rowCount === 1;
}

/** End our own lease when the outcome is unknown: the request is answered 202. False: another request holds it. */
export async function acceptLease(q: Queryable, { clientId, key, token }: Lease): Promise<boolean> {
  const { rowCount } = await q.query(
    /* sql */ `
    UPDATE idempotency_keys SET state = 'accepted', lease_until = NULL
    WHERE client_id = $1 AND key = $2 AND token = $3 AND state = 'running'`,
    [clientId, key, token],
  );
  return rowCount === 1;
}

/** End our own leases after a fault, so that a repeat need not wait for them. */
export async function giveBackLeases(q: Queryable, leases: readonly Omit<Lease, 'resourceId'>[]): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE idempotency_keys k SET lease_until = now()
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, token)
    WHERE ${isKey('i.client_id', 'i.key')} AND k.token = i.token AND k.state = 'running'`,
    [leases.map(({ clientId }) => clientId), leases.map(({ key }) => key), leases.map(({ token }) => token)],
  );
}

/* --------------------------------------------------------------------------------------------------- in the background */

/** What one batch of the reaper removed, and until when: the next batch need not pass over it again. */
export interface Removed {
  count: number;
  until: string;
}

/** Before every time, as {@link Removed} has it. */
export const FROM_THE_OLDEST = '-infinity';

/**
 * One small batch of the reaper's work: remove completed keys past their retention, by the database's clock, from the
 * oldest on or from where the last batch ended. A key that is still running or accepted stays, however old.
 */
export async function removeExpiredKeys(
  q: Queryable,
  retentionHours: number,
  { limit = 1_000, from = FROM_THE_OLDEST } = {},
): Promise<Removed> {
  // By the place of the rows: they are locked, so it cannot change, and no second search is needed.
  const { rows } = await q.query<Removed>(
    /* sql */ `
    WITH removed AS (
      DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE created_at >= $3 AND created_at < now() - make_interval(hours => $1) AND state = 'completed'
        ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING created_at
    )
    SELECT count(*)::integer AS count, coalesce(max(created_at), $3)::text AS until FROM removed`,
    [retentionHours, limit, from],
  );
  return rows[0] ?? { count: 0, until: from };
}

/** Add to how often the answers of these keys were given again. */
export async function addReplays(q: Queryable, counts: readonly (KeyName & { replays: number })[]): Promise<void> {
  // SKIP LOCKED would lose counts.
  const sorted = inOrderOfKeys(counts, (key) => key);
  await q.query(
    /* sql */ `
    UPDATE idempotency_keys k SET replays = k.replays + i.replays, replayed_at = now()
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, replays)
    WHERE ${isKey('i.client_id', 'i.key')}`,
    [sorted.map(({ clientId }) => clientId), sorted.map(({ key }) => key), sorted.map(({ replays }) => replays)],
  );
}
