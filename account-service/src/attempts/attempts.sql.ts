import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';

/** Failures of one key within the window, oldest first. */
export interface Failures {
  key: Buffer;
  failedAt: Date[];
}

/** Add `at` to the failures of each key, and leave out those before `since` and all but the last `kept`. */
export async function addFailures(
  trx: Transaction,
  keys: readonly Buffer[],
  { at, since, kept }: { at: Date; since: Date; kept: number },
): Promise<Failures[]> {
  // In the order of the keys, so that attempts at the same time queue instead of deadlocking.
  const { rows } = await trx.query<{ key: Buffer; failed_at: Date[] }>(
    /* sql */ `
    INSERT INTO sign_in_attempts AS a (key, failed_at, last_at)
    SELECT key, ARRAY[$2::timestamptz], $2 FROM unnest($1::bytea[]) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET last_at = greatest(a.last_at, $2::timestamptz), failed_at = (
      SELECT array_agg(recent.at ORDER BY recent.at) FROM (
        SELECT at FROM unnest(a.failed_at || $2::timestamptz) AS at WHERE at > $3::timestamptz ORDER BY at DESC LIMIT $4
      ) AS recent)
    RETURNING key, failed_at`,
    [keys, at, since, kept],
  );
  return rows.map(({ key, failed_at: failedAt }) => ({ key, failedAt }));
}

/** Take one failure at this time back from each key. */
export async function takeFailureBack(trx: Transaction, keys: readonly Buffer[], at: Date): Promise<void> {
  await trx.query('SELECT FROM sign_in_attempts WHERE key = ANY ($1::bytea[]) ORDER BY key FOR UPDATE', [keys]);
  await trx.query(
    /* sql */ `
    UPDATE sign_in_attempts SET failed_at =
      failed_at[:array_position(failed_at, $2::timestamptz) - 1] || failed_at[array_position(failed_at, $2::timestamptz) + 1:]
    WHERE key = ANY ($1::bytea[]) AND array_position(failed_at, $2::timestamptz) IS NOT NULL`,
    [keys, at],
  );
}

/** Forget the failures of all keys that begin with `prefix`. */
export async function removeFailures(q: Queryable, prefix: Buffer): Promise<void> {
  const last = Buffer.concat([prefix, Buffer.alloc(prefix.length, 0xff)]);
  await q.query('DELETE FROM sign_in_attempts WHERE key BETWEEN $1 AND $2', [prefix, last]);
}

/** Remove a batch of the keys without a failure since then. Returns how many. */
export async function removeOldFailures(q: Queryable, since: Date, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM sign_in_attempts WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM sign_in_attempts WHERE last_at < $1 ORDER BY last_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [since, limit],
  );
  return rowCount ?? 0;
}
