/** Notifications for people who look for one. */
import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import type { Delivery, NotificationState, Template } from './notification.ts';

/** A notification in a list. */
export interface NotificationRecord {
  id: string;
  eventId: string;
  template: Template;
  recipient?: string;
  state: NotificationState;
  messageId: string;
  at: Date;
}

/** One with everything that is known of it. */
export interface WholeNotification extends NotificationRecord {
  subjectId: string;
  reason?: string;
  sentAgain: boolean;
  nextTryAt?: Date;
  correlationId: string;
  updatedAt: Date;
  attempts: Attempt[];
}

/** An attempt to send it; without an outcome it is under way, or its process died. */
export interface Attempt {
  at: Date;
  endedAt?: Date;
  outcome?: Delivery['outcome'];
  detail?: string;
}

export interface NotificationFilter {
  state?: NotificationState | undefined;
  template?: Template | undefined;
  /** Those older than this one. */
  before?: string | undefined;
}

// Greater than any other.
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const COLUMNS = 'id, event_id AS "eventId", template, recipient, state, message_id AS "messageId", created_at AS at';

/** Notifications, newest first, at most `limit`. */
export async function listNotifications(
  q: Queryable,
  { state, template, before = LAST_ID }: NotificationFilter,
  limit: number,
): Promise<NotificationRecord[]> {
  const filter = Object.entries({ state, template }).filter(([, value]) => value !== undefined);
  const columns = filter.map(([column]) => column);
  const values = filter.map((_, n) => `$${n + 3}`);
  // Compared as rows, so that only the index of these columns has this order.
  const isBefore = `(${[...columns, 'id'].join(', ')}) < (${[...values, '$1'].join(', ')})`;
  const isOfFilter = columns.length > 0 ? `(${columns.join(', ')}) >= (${values.join(', ')})` : 'true';
  const order = [...columns, 'id'].map((column) => `${column} DESC`).join(', ');
  const { rows } = await q.query<NullableRecipient>(
    `SELECT ${COLUMNS} FROM notifications WHERE ${isBefore} AND ${isOfFilter} ORDER BY ${order} LIMIT $2`,
    [before, limit, ...filter.map(([, value]) => value)],
  );
  return rows.map(({ recipient, ...row }) => ({ ...row, recipient: recipient ?? undefined }));
}

type NullableRecipient = Omit<NotificationRecord, 'recipient'> & { recipient: string | null };

interface WholeRow extends NullableRecipient {
  subjectId: string;
  reason: string | null;
  sentAgain: boolean;
  nextTryAt: Date | null;
  correlationId: string;
  updatedAt: Date;
}

/** A notification with its attempts, the first one first. */
export async function findNotification(q: Queryable, id: string): Promise<WholeNotification | undefined> {
  const { rows } = await q.query<WholeRow>(
    /* sql */ `
    SELECT ${COLUMNS}, subject_id AS "subjectId", reason, sent_again AS "sentAgain", due_at AS "nextTryAt",
      correlation_id AS "correlationId", updated_at AS "updatedAt"
    FROM notifications WHERE id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { recipient, reason, nextTryAt, ...whole } = row;
  return {
    ...{ ...whole, recipient: recipient ?? undefined, reason: reason ?? undefined, nextTryAt: nextTryAt ?? undefined },
    attempts: await listAttempts(q, id),
  };
}

interface AttemptRow {
  at: Date;
  endedAt: Date | null;
  outcome: Delivery['outcome'] | null;
  detail: string | null;
}

async function listAttempts(q: Queryable, notificationId: string): Promise<Attempt[]> {
  const { rows } = await q.query<AttemptRow>(
    /* sql */ `
    SELECT started_at AS at, ended_at AS "endedAt", outcome, detail FROM attempts
    WHERE notification_id = $1 ORDER BY started_at`,
    [notificationId],
  );
  return rows.map(({ at, endedAt, outcome, detail }) => ({
    ...{ at, endedAt: endedAt ?? undefined, outcome: outcome ?? undefined, detail: detail ?? undefined },
  }));
}
