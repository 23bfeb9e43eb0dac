/**
 * Recipients that are to be forgotten, because their accounts were deleted. Their other events may come before, after or at the
 * same time: both sides lock the recipients first, so that each finds what the other has done.
 */
import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { texts } from '@shop/chassis/reliable/postgres/arrays.ts';
import type { Template } from './notification.ts';

/** Until the end of the transaction, nobody else adds notifications for these recipients, or forgets them. */
export async function lockRecipients(trx: Transaction, recipients: readonly string[]): Promise<void> {
  // In the order of the keys, so that two batches with the same recipients wait for each other instead of deadlocking.
  await trx.query(
    /* sql */ `
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended('notifications to ' || recipient, 0) AS key FROM unnest($1::text[]) AS recipient
      ORDER BY key) AS keys`,
    [texts(recipients)],
  );
}

/**
 * Remove these recipients from all notifications, and suppress what waits. Returns the templates of what was suppressed. Without
 * effect for those that are forgotten already.
 */
export async function forgetRecipients(trx: Transaction, recipients: readonly string[]): Promise<Template[]> {
  await trx.query(
    /* sql */ `
    INSERT INTO forgotten_recipients (recipient) SELECT DISTINCT unnest($1::text[])
    ON CONFLICT ON CONSTRAINT forgotten_recipients_pkey DO NOTHING`,
    [texts(recipients)],
  );
  // Without the claim, so that a process that has it, and has not begun to send, changes nothing any more.
  const { rows } = await trx.query<{ template: Template }>(
    /* sql */ `
    UPDATE notifications SET state = 'suppressed', reason = 'account deleted', claim = NULL, due_at = NULL, updated_at = now()
    WHERE recipient = ANY ($1::text[]) AND state IN ('queued', 'unknown') RETURNING template`,
    [texts(recipients)],
  );
  await trx.query('UPDATE notifications SET recipient = NULL WHERE recipient = ANY ($1::text[])', [texts(recipients)]);
  return rows.map(({ template }) => template);
}

/** Those of these recipients that are forgotten. */
export async function findForgotten(trx: Transaction, recipients: readonly string[]): Promise<Set<string>> {
  const { rows } = await trx.query<{ recipient: string }>(
    'SELECT recipient FROM forgotten_recipients WHERE recipient = ANY ($1::text[])',
    [texts(recipients)],
  );
  return new Set(rows.map(({ recipient }) => recipient));
}

// A dead letter may be replayed late. The ids are not personal.
const KEPT_DAYS = 365;

/** Remove a batch of the recipients that were forgotten long ago. Returns how many. */
export async function removeForgottenRecipients(q: Queryable, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM forgotten_recipients WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM forgotten_recipients WHERE forgotten_at < now() - make_interval(days => $1)
      ORDER BY forgotten_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [KEPT_DAYS, limit],
  );
  return rowCount ?? 0;
}
