import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { Next, Template } from './notification.ts';

export interface NewNotification {
  id: string;
  eventId: string;
  template: Template;
  /** Undefined if the account was deleted. */
  recipient: string | undefined;
  subjectId: string;
  messageId: string;
  correlationId: string;
}

/**
 * Queue notifications. An event that has one for this template and recipient gets no second one. What has no recipient is
 * `suppressed` at once.
 */
export async function addNotifications(trx: Transaction, added: readonly NewNotification[]): Promise<void> {
  const column = (name: keyof NewNotification) => added.map((one) => one[name]);
  await trx.query(
    /* sql */ `
    INSERT INTO notifications (id, event_id, template, subject_id, message_id, correlation_id, recipient, state, reason, due_at)
    SELECT id, event_id, template, subject_id, message_id, correlation_id, recipient,
      CASE WHEN recipient IS NULL THEN 'suppressed' ELSE 'queued' END,
      CASE WHEN recipient IS NULL THEN 'account deleted' END,
      CASE WHEN recipient IS NOT NULL THEN now() END
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
      AS a (id, event_id, template, recipient, subject_id, message_id, correlation_id)
    ON CONFLICT (event_id, template, recipient) DO NOTHING`,
    (['id', 'eventId', 'template', 'recipient', 'subjectId', 'messageId', 'correlationId'] as const).map(column),
  );
}

/** A notification that this process alone may send until its lease ends. */
export interface Claimed {
  id: string;
  /** `sending`: the process that held it has died. */
  state: 'queued' | 'sending' | 'unknown';
  template: Template;
  subjectId: string;
  messageId: string;
  deferrals: number;
  sentAgain: boolean;
  claim: string;
  correlationId: string;
}

interface ClaimedRow {
  id: string;
  state: Claimed['state'];
  template: Template;
  subject_id: string;
  message_id: string;
  deferrals: number;
  sent_again: boolean;
  claim: string;
  correlation_id: string;
}

/** Claim notifications that are due. Rows that another process is claiming are skipped. */
export async function claimDue(
  q: Queryable,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<Claimed[]> {
  const { rows } = await q.query<ClaimedRow>({
    name: 'claim-notifications',
    text: /* sql */ `
      WITH due AS MATERIALIZED (
        SELECT id FROM notifications WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
      )
      UPDATE notifications SET claim = gen_random_uuid(), due_at = now() + make_interval(secs => $2)
      WHERE id = ANY (ARRAY(SELECT id FROM due))
      RETURNING id, state, template, subject_id, message_id, deferrals, sent_again, claim, correlation_id`,
    values: [limit, leaseSeconds],
  });
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    template: row.template,
    subjectId: row.subject_id,
    messageId: row.message_id,
    deferrals: row.deferrals,
    sentAgain: row.sent_again,
    claim: row.claim,
    correlationId: row.correlation_id,
  }));
}

/** Make a claimed notification `sending`; false if the claim is not valid any more. */
export async function beginSending(trx: Transaction, { id, claim }: Claimed): Promise<boolean> {
  const { rowCount } = await trx.query(
    /* sql */ `
    UPDATE notifications SET state = 'sending', sent_again = sent_again OR state = 'unknown', updated_at = now()
    WHERE id = $1 AND claim = $2 AND state IN ('queued', 'unknown') AND due_at > now()`,
    [id, claim],
  );
  if (rowCount !== 1) return false;
  await trx.query('INSERT INTO attempts (id, notification_id) VALUES ($1, $2)', [claim, id]);
  return true;
}

/** Store the outcome of an attempt; false if another process has the claim now. */
export async function endAttempt(
  trx: Transaction,
  { id, claim }: Claimed,
  { state, reason, dueInSeconds, deferrals }: Next,
): Promise<boolean> {
  const { rowCount } = await trx.query(
    /* sql */ `
    UPDATE notifications SET state = $3, reason = $4, due_at = now() + make_interval(secs => $5), deferrals = $6, updated_at = now()
    WHERE id = $1 AND claim = $2`,
    [id, claim, state, reason ?? null, dueInSeconds ?? null, deferrals],
  );
  return rowCount === 1;
}

/** Record how an attempt ended. One that was lost before the mail was handed over has no row yet. */
export async function recordAttempt(
  trx: Transaction,
  { id, claim }: Claimed,
  { outcome, detail }: { outcome: string; detail: string },
): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO attempts (id, notification_id, outcome, detail, ended_at) VALUES ($1, $2, $3, $4, now())
    ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, detail = excluded.detail, ended_at = excluded.ended_at`,
    [claim, id, outcome, detail],
  );
}

/** End the attempts of a process that died. */
export async function endAbandonedAttempts(trx: Transaction, { id }: Claimed, detail: string): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE attempts SET outcome = 'unknown', detail = $2, ended_at = now() WHERE notification_id = $1 AND outcome IS NULL`,
    [id, detail],
  );
}

/** Note that a claimed notification is not needed any more. */
export async function suppress(q: Queryable, { id, claim }: Claimed, reason: string): Promise<boolean> {
  const { rowCount } = await q.query(
    /* sql */ `
    UPDATE notifications SET state = 'suppressed', reason = $3, due_at = NULL, updated_at = now()
    WHERE id = $1 AND claim = $2 AND state IN ('queued', 'unknown')`,
    [id, claim, reason],
  );
  return rowCount === 1;
}

/** Make a claimed notification due later, without an attempt. */
export async function postpone(q: Queryable, { id, claim }: Claimed, seconds: number): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE notifications SET due_at = now() + make_interval(secs => $3)
    WHERE id = $1 AND claim = $2 AND state IN ('queued', 'unknown')`,
    [id, claim, seconds],
  );
}

// Counting stops here: it runs every few seconds, and the gauges need no more.
const COUNTED_AT_MOST = 10_000;

/** How many are unknown and how many wait, up to a limit, and the age of the oldest that waits. */
export async function measureNotifications(
  q: Queryable,
): Promise<{ unknown: number; queued: number; oldestSeconds: number }> {
  const { rows } = await q.query<{ unknown: number; queued: number; oldest: number | null }>({
    name: 'measure-notifications',
    text: /* sql */ `
      SELECT
        (SELECT count(*)::integer FROM (
          SELECT FROM notifications WHERE state = 'unknown' ORDER BY updated_at LIMIT $1) AS unknown) AS unknown,
        count(*)::integer AS queued,
        extract(epoch FROM now() - min(created_at))::float AS oldest
      FROM (
        SELECT created_at FROM notifications WHERE due_at IS NOT NULL AND state = 'queued' ORDER BY due_at LIMIT $1
      ) AS queued`,
    values: [COUNTED_AT_MOST],
  });
  const { unknown = 0, queued = 0, oldest = 0 } = rows[0] ?? {};
  return { unknown, queued, oldestSeconds: Math.max(0, oldest ?? 0) };
}

// For questions of people who wait for a mail.
const RETENTION_DAYS = 30;

/** Remove a batch of notifications that ended long ago, with their attempts; never one that is unknown. Returns how many. */
export async function removeOldNotifications(q: Queryable, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM notifications WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM notifications
      WHERE updated_at < now() - make_interval(days => $1) AND state IN ('sent', 'failed', 'suppressed')
      ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [RETENTION_DAYS, limit],
  );
  return rowCount ?? 0;
}
