import type { Queryable } from '../db/pool.ts';

/**
 * One small batch of the reaper's work: remove completed keys past their retention, by the database's clock. A key
 * that is still running or accepted stays, however old. Returns how many it removed.
 */
export async function removeExpiredKeys(q: Queryable, retentionHours: number, limit = 1_000): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM idempotency_keys
      WHERE created_at < now() - make_interval(hours => $1) AND state = 'completed'
      LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [retentionHours, limit],
  );
  return rowCount ?? 0;
}
