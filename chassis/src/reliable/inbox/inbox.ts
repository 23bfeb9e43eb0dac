import { FROM_THE_OLDEST, type Removed } from '../idempotency/keys.sql.ts';
import type { Queryable, Transaction } from '../postgres/connections.ts';

// A message is delivered twice when a relay crashes between publishing and deleting its row, or a consumer between commit
// and ack. The second copy is delayed by at most the downtime of a process or of the broker, plus 13 minutes of retries. A
// week covers a part that was down over a long weekend. (A replayed dead letter needs no row here: its row was removed when
// it became a dead letter. After the week, handlers are still idempotent because they check the current state.)
const RETENTION_DAYS = 7;

/**
 * Record these messages of a queue as handled, in the transaction of their effect; returns the ids that were not recorded
 * before. Sorted, so that two processes with the same messages wait for each other instead of deadlocking.
 */
export async function recordInInbox(trx: Transaction, queue: string, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await trx.query<{ message_id: string }>({
    name: 'inbox-record',
    text: /* sql */ `
      INSERT INTO inbox_messages (message_id, queue)
      SELECT id, $2 FROM unnest($1::uuid[]) AS id ORDER BY id
      ON CONFLICT DO NOTHING
      RETURNING message_id`,
    values: [ids, queue],
  });
  return new Set(rows.map((row) => row.message_id));
}

/** Remove messages that this transaction recorded but that became dead letters: a replay must find no row. */
export async function removeFromInbox(trx: Transaction, queue: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx.query(/* sql */ `DELETE FROM inbox_messages WHERE message_id = ANY($1::uuid[]) AND queue = $2`, [
    ids,
    queue,
  ]);
}

/** One small batch of the reaper: remove rows older than any possible redelivery, oldest first. */
export async function removeOldInboxRows(
  q: Queryable,
  { limit = 1_000, from = FROM_THE_OLDEST } = {},
): Promise<Removed> {
  const { rows } = await q.query<Removed>(
    /* sql */ `
    WITH removed AS (
      DELETE FROM inbox_messages WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM inbox_messages
        WHERE received_at >= $3 AND received_at < now() - make_interval(days => $1)
        ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED))
      RETURNING received_at
    )
    SELECT count(*)::integer AS count, coalesce(max(received_at), $3)::text AS until FROM removed`,
    [RETENTION_DAYS, limit, from],
  );
  return rows[0] ?? { count: 0, until: from };
}
