/**
 * All SQL on the table `idempotency_keys`: no other file names its columns (columns.unit.test.ts). Besides statements there are
 * fragments, for a service that writes its own rows in the same statement.
 *
 *   running    claimed: by an open transaction, or under a lease
 *   accepted   202 was returned, and the lease has ended: the transaction that decides the resource completes the key
 *   completed  the response is stored; the row is removed after its retention
 */
import { orderBy } from '../order-by.ts';
import { bytes, integers, texts } from '../postgres/arrays.ts';
import type { Queryable } from '../postgres/connections.ts';
import { sqlState } from '../postgres/transaction.ts';
import type { Reply } from '../refusal.ts';
import { requestInProgress } from './key-results.ts';
import type { KeyedRequest, KeyName } from './keyed-request.ts';

const LOCK_NOT_AVAILABLE = '55P03';

// A lease lasts this long after the deadline of its request, so at most 30 s in all. A process that still holds it then has
// crashed or is frozen. The deadline of the request can be computed from the lease.
const LEASE_AFTER_ANSWER = "interval '27 seconds'";
const leaseUntil = (answeredInMs: string) =>
  `now() + ${answeredInMs} * interval '1 millisecond' + ${LEASE_AFTER_ANSWER}`;

/** A key that is held for its resource until the lease ends. */
export interface Lease extends KeyName {
  resourceId: string;
  /** Fencing token: incremented by each takeover, so that a process that lost its lease has no effect. */
  token: number;
}

/** A stored key. */
export interface StoredKey {
  fingerprint: Buffer;
  state: 'running' | 'accepted' | 'completed';
  /** The stored response. */
  reply: Reply | undefined;
  resourceId: string | undefined;
  token: number;
  isLeaseExpired: boolean;
}

/**
 * Sorted in the order in which every statement locks keys, so that two processes with the same keys wait for each other instead
 * of deadlocking.
 */
export function inOrderOfKeys<T>(members: readonly T[], nameOf: (member: T) => KeyName): T[] {
  return members.toSorted(
    orderBy(
      (member) => nameOf(member).clientId,
      (member) => nameOf(member).key,
    ),
  );
}

/* ------------------------------------------------------------------------- fragments for the statements of a service */

/** The inputs of a fragment, as SQL expressions of the statement. */
export interface KeyColumns {
  clientId: string;
  key: string;
  resourceId: string;
}

/**
 * Fragment: claim the keys in `from` under leases. `from` has the columns `client_id`, `key`, `fingerprint`, `answered_in_ms`
 * and `position`, which follows {@link inOrderOfKeys}. Returns `resource_id` of the claimed keys.
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

/** Fragment: the token of the lease on a key for this resource; NULL if there is no lease any more. */
export function leaseToken({ clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `(
    SELECT k.token FROM idempotency_keys k
    WHERE k.client_id = ${clientId} AND k.key = ${key} AND k.resource_id = ${resourceId} AND k.state = 'running')`;
}

// Arrays of one element, because with two equalities a plan made while the table was small scans the whole index.
const isKey = (clientId: string, key: string) =>
  `k.client_id = ANY (ARRAY[${clientId}]) AND k.key = ANY (ARRAY[${key}])`;

/**
 * Fragment: store the responses in `from`, regardless of who holds the leases, because a decided resource decides its key.
 * `from` has the columns `answer_status`, `answer_location` and `answer_body`; rows without a body are skipped.
 */
export function completeKeys(from: string, { clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `
    UPDATE idempotency_keys k SET
      state = 'completed', lease_until = NULL, status = answer_status, location = answer_location, body = answer_body
    FROM ${from}
    WHERE answer_body IS NOT NULL AND ${isKey(clientId, key)} AND k.resource_id = ${resourceId}`;
}

/** Fragment: end the leases of the keys in `from`, whose requests are answered with 202. */
export function acceptKeys(from: string, { clientId, key }: Omit<KeyColumns, 'resourceId'>): string {
  return /* sql */ `
    UPDATE idempotency_keys k SET state = 'accepted', lease_until = NULL
    FROM ${from} WHERE ${isKey(clientId, key)}`;
}

/** Fragment, for FROM: the number of replays of a resource's first response as `count`, and the time of the last as `at`. */
export function replaysOf({ clientId, key, resourceId }: KeyColumns): string {
  return /* sql */ `LATERAL (
    SELECT k.replays AS count, k.replayed_at AS at FROM (
      SELECT * FROM idempotency_keys WHERE client_id = ${clientId} AND key = ${key} LIMIT 1
    ) k
    WHERE k.resource_id = ${resourceId} AND k.replays > 0)`;
}

/* ---------------------------------------------------------------------------------------------- in one transaction */

/** Claim a key, in the transaction that stores its response. False if it is taken. */
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
  return (await orInProgress(claiming)).rowCount === 1;
}

async function orInProgress<T>(claiming: Promise<T>): Promise<T> {
  try {
    return await claiming;
  } catch (error) {
    // The key is claimed by another transaction that is still open.
    if (sqlState(error) === LOCK_NOT_AVAILABLE) throw requestInProgress();
    throw error;
  }
}

/** Claim keys of one client, in the transaction that stores their answers. Returns those that were free. */
export async function claimEachKey(trx: Queryable, requests: readonly KeyedRequest[]): Promise<Set<string>> {
  const sorted = inOrderOfKeys(requests, (request) => request);
  const claiming = trx.query<{ key: string }>({
    name: 'claim-each-key',
    text: /* sql */ `
      INSERT INTO idempotency_keys (client_id, key, fingerprint, state)
      SELECT client_id, key, fingerprint, 'running'
      FROM unnest($1::text[], $2::text[], $3::bytea[]) AS i (client_id, key, fingerprint)
      ON CONFLICT DO NOTHING
      RETURNING key`,
    values: [...namesOf(sorted), bytes(sorted.map(({ fingerprint }) => fingerprint.bytes))],
  });
  return new Set((await orInProgress(claiming)).rows.map(({ key }) => key));
}

function namesOf(keys: readonly KeyName[]): [Buffer, Buffer] {
  return [texts(keys.map(({ clientId }) => clientId)), texts(keys.map(({ key }) => key))];
}

/** Store the answers of keys that this transaction has claimed. */
export async function completeEachKey(trx: Queryable, keys: readonly (KeyName & { reply: Reply })[]): Promise<void> {
  await trx.query({
    name: 'complete-each-key',
    text: /* sql */ `
      UPDATE idempotency_keys k SET
        state = 'completed', lease_until = NULL, status = i.status, location = i.location, body = i.body
      FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[])
        AS i (client_id, key, status, location, body)
      WHERE ${isKey('i.client_id', 'i.key')}`,
    values: [
      ...namesOf(keys),
      integers(keys.map(({ reply }) => reply.status)),
      texts(keys.map(({ reply }) => reply.location)),
      texts(keys.map(({ reply }) => reply.body)),
    ],
  });
}

/** Make keys free again that this transaction has claimed. */
export async function releaseKeys(trx: Queryable, keys: readonly KeyName[]): Promise<void> {
  await trx.query({
    name: 'release-keys',
    text: /* sql */ `
      DELETE FROM idempotency_keys k USING unnest($1::text[], $2::text[]) AS i (client_id, key)
      WHERE ${isKey('i.client_id', 'i.key')} AND k.state = 'running'`,
    values: namesOf(keys),
  });
}

/** Store the response of a key that this transaction has claimed or locked. */
export async function completeKey(trx: Queryable, { clientId, key }: KeyName, reply: Reply): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE idempotency_keys SET state = 'completed', lease_until = NULL, status = $3, location = $4, body = $5
    WHERE client_id = $1 AND key = $2`,
    [clientId, key, reply.status, reply.location ?? null, reply.body],
  );
}

/** Replace a stored 202 by the final response, for work that takes longer than the transaction that started it. */
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
 * Read keys, in their order; undefined if there is no row. A running key whose request is past its deadline counts as accepted:
 * the request got 202 while its work continued (or its process crashed).
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
  /** Null if there is no row. */
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
 * Take over keys whose lease has expired by the database's clock. Returns the new tokens by resource; keys that another request
 * took over first are absent.
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

/** Claim a key under a lease, in the transaction that writes its resource. False if it is taken. */
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
 * Lock a key until the end of the transaction that completes it. False if it is already completed, or if another request holds
 * the lease. Without a token, the holder of the lease is not checked, because a decided resource decides its key.
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

/** End a lease whose outcome is unknown; the request is answered with 202. False if another request holds the lease. */
export async function acceptLease(q: Queryable, { clientId, key, token }: Lease): Promise<boolean> {
  const { rowCount } = await q.query(
    /* sql */ `
    UPDATE idempotency_keys SET state = 'accepted', lease_until = NULL
    WHERE client_id = $1 AND key = $2 AND token = $3 AND state = 'running'`,
    [clientId, key, token],
  );
  return rowCount === 1;
}

/** End leases after an error, so that retries need not wait until they expire. */
export async function releaseLeases(q: Queryable, leases: readonly Omit<Lease, 'resourceId'>[]): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE idempotency_keys k SET lease_until = now()
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, token)
    WHERE ${isKey('i.client_id', 'i.key')} AND k.token = i.token AND k.state = 'running'`,
    [leases.map(({ clientId }) => clientId), leases.map(({ key }) => key), leases.map(({ token }) => token)],
  );
}

/* --------------------------------------------------------------------------------------------------- in the background */

/** The number of rows removed by one batch of the reaper, and the time up to which it got: the next batch starts there. */
export interface Removed {
  count: number;
  until: string;
}

/** The start value of {@link Removed}'s `until`. */
export const FROM_THE_OLDEST = '-infinity';

/**
 * One small batch of the reaper: remove completed keys past their retention by the database's clock, oldest first, starting
 * where the last batch ended. Running and accepted keys are kept, however old they are.
 */
export async function removeExpiredKeys(
  q: Queryable,
  retentionHours: number,
  { limit = 1_000, from = FROM_THE_OLDEST } = {},
): Promise<Removed> {
  // By ctid: the rows are locked, so it cannot change, and a second index search is avoided.
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

/** Remove all keys of clients that are gone, with the stored responses, which may have personal data in them. */
export async function forgetKeysOf(q: Queryable, clientIds: readonly string[]): Promise<void> {
  await q.query('DELETE FROM idempotency_keys WHERE client_id = ANY ($1::text[])', [clientIds]);
}

/** Add to the replay counts of these keys. */
export async function addReplays(q: Queryable, counts: readonly (KeyName & { replays: number })[]): Promise<void> {
  // Not SKIP LOCKED, which would lose counts.
  const sorted = inOrderOfKeys(counts, (key) => key);
  await q.query(
    /* sql */ `
    UPDATE idempotency_keys k SET replays = k.replays + i.replays, replayed_at = now()
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS i (client_id, key, replays)
    WHERE ${isKey('i.client_id', 'i.key')}`,
    [sorted.map(({ clientId }) => clientId), sorted.map(({ key }) => key), sorted.map(({ replays }) => replays)],
  );
}
