import type { Queryable } from '../postgres/connections.ts';

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
