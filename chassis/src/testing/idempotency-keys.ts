import type { Queryable } from '../reliable/postgres/connections.ts';

/** A row of `idempotency_keys`. */
export interface KeyOfTest {
  clientId: string;
  key: string;
  fingerprint: Buffer;
  state: string;
  resourceId: string | null;
  token: number;
  status: number | null;
  location: string | null;
  body: string | null;
  replays: number;
  createdAt: Date;
}

/** All keys, ordered. */
export async function allKeys(q: Queryable): Promise<KeyOfTest[]> {
  const { rows } = await q.query<KeyOfTest>(/* sql */ `
    SELECT client_id AS "clientId", key, fingerprint, state, resource_id AS "resourceId", token, status, location, body,
           replays, created_at AS "createdAt"
    FROM idempotency_keys ORDER BY client_id, key`);
  return rows;
}

/** The only row of this key. */
export async function keyNamed(q: Queryable, key: string): Promise<KeyOfTest | undefined> {
  return (await allKeys(q)).find((row) => row.key === key);
}

/** Delete the row, as after its retention. */
export async function forgetKey(q: Queryable, key: string): Promise<void> {
  await q.query('DELETE FROM idempotency_keys WHERE key = $1', [key]);
}

/** Set the end of all leases to `seconds` from now. */
export async function endLeasesIn(q: Queryable, seconds: number): Promise<void> {
  await q.query(`UPDATE idempotency_keys SET lease_until = now() + make_interval(secs => $1) WHERE state = 'running'`, [
    seconds,
  ]);
}

/** End all leases, as 30 s after a process was killed. */
export function expireLeases(q: Queryable): Promise<void> {
  return endLeasesIn(q, -1);
}

/** Take over all leases, as another process would. */
export async function overtakeLeases(q: Queryable): Promise<void> {
  await q.query('UPDATE idempotency_keys SET token = token + 1');
}

/** Remove the responses of all keys, as if the processes had been killed before they stored them. */
export async function takeAnswersAway(q: Queryable): Promise<void> {
  await q.query(/* sql */ `
    UPDATE idempotency_keys SET state = 'running', status = NULL, body = NULL, lease_until = now() - interval '1 second'`);
}

/** Add keys that were completed `hoursAgo`. */
export async function addCompletedKeys(q: Queryable, keys: readonly string[], hoursAgo: number): Promise<void> {
  // Two statements, as for every key: claim, then complete.
  await addRunningKeys(q, keys, hoursAgo);
  await q.query(
    `UPDATE idempotency_keys SET state = 'completed', status = 201, body = repeat('x', 500) WHERE key = ANY ($1)`,
    [keys],
  );
}

/** Add keys that were claimed `hoursAgo` and are not completed. */
export async function addRunningKeys(q: Queryable, keys: readonly string[], hoursAgo: number): Promise<void> {
  await q.query(
    /* sql */ `
    INSERT INTO idempotency_keys (client_id, key, fingerprint, state, created_at)
    SELECT 'c', key, '', 'running', now() - $2 * interval '1 hour' - i * interval '1 second'
    FROM unnest($1::text[]) WITH ORDINALITY AS k (key, i)`,
    [keys, hoursAgo],
  );
}

/** SQL that inserts completed keys from a query with these columns, to fill a database. */
export function insertCompletedKeys(query: string): string {
  return /* sql */ `
    INSERT INTO idempotency_keys (state, client_id, key, fingerprint, resource_id, status, location, body, created_at)
    SELECT 'completed', q.* FROM (${query}) q`;
}

/** SQL that inserts a completed key for each row of `from`. */
export function addCompletedKeyOf(from: string, { key, resourceId }: { key: string; resourceId: string }): string {
  return insertCompletedKeys(
    `SELECT 'c', ${key}, '\\x00ff'::bytea, ${resourceId}, 201, NULL::text, E'{"x": "\\\\"}', now() FROM ${from}`,
  );
}
