/** The database of notification-service, filled, and every statement that the service has. */
import { randomUUID } from 'node:crypto';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import {
  findNotification,
  listNotifications,
} from '@shop/notification-service/notifications/notification-records.sql.ts';
import {
  addNotifications,
  beginSending,
  claimDue,
  endAbandonedAttempts,
  endAttempt,
  measureNotifications,
  postpone,
  recordAttempt,
  removeOldNotifications,
  suppress,
} from '@shop/notification-service/notifications/notifications.sql.ts';
import {
  findForgotten,
  forgetRecipients,
  lockRecipients,
  removeForgottenRecipients,
} from '@shop/notification-service/notifications/recipients.sql.ts';

/** Notifications from `first` to `last`, each with an attempt. One in a hundred waits, one in a thousand is unknown. */
export async function addNotificationRows(ownerUrl: string, { first, last }: { first: number; last: number }) {
  await withClient(ownerUrl, (client) =>
    client.query(/* sql */ `
      WITH numbers AS (
        SELECT n, gen_random_uuid() AS id, now() - n * interval '1 minute' AS at FROM generate_series(${first}, ${last}) AS n
      ), added AS (
        INSERT INTO notifications (id, event_id, template, recipient, subject_id, message_id, correlation_id, state, due_at,
          created_at, updated_at)
        SELECT id, gen_random_uuid(), 'sign-up', id::text, id, '<' || id || '@shop.test>', 'fill',
          CASE WHEN n % 1000 = 0 THEN 'unknown' WHEN n % 100 = 0 THEN 'queued' ELSE 'sent' END,
          CASE WHEN n % 100 = 0 AND n % 1000 <> 0 THEN now() + interval '1 hour' END, at, at FROM numbers
        RETURNING id
      ), forgotten AS (
        INSERT INTO forgotten_recipients (recipient, forgotten_at) SELECT 'deleted-' || n, at FROM numbers
      )
      INSERT INTO attempts (id, notification_id, outcome, ended_at) SELECT id, id, 'sent', now() FROM added`),
  );
}

/** As autovacuum leaves the tables after a while. */
export async function fillNotifications(ownerUrl: string, count: number): Promise<void> {
  await addNotificationRows(ownerUrl, { first: 1, last: count });
  await withClient(ownerUrl, (client) => client.query('VACUUM (ANALYZE)'));
}

/** Everything that notification-service asks its database. */
export async function runNotifications({ pool }: { pool: Pool }): Promise<void> {
  const added = [1, 2].map(() => ({
    id: randomUUID(),
    eventId: randomUUID(),
    template: 'sign-up' as const,
    recipient: 'plans',
    subjectId: randomUUID(),
    messageId: '<plans@shop.test>',
    correlationId: 'plans',
  }));
  await inTransaction(pool, (trx) => addNotifications(trx, added));
  const [sent, other] = await claimDue(pool, { limit: 2, leaseSeconds: 60 });
  if (!sent || !other) throw new Error('nothing was claimed');
  await inTransaction(pool, async (trx) => {
    await beginSending(trx, sent);
    await endAbandonedAttempts(trx, sent, 'plans');
    await recordAttempt(trx, sent, { outcome: 'sent', detail: 'plans' });
    await endAttempt(trx, sent, { state: 'sent', deferrals: 0 });
  });
  await inTransaction(pool, async (trx) => {
    await lockRecipients(trx, ['plans']);
    await forgetRecipients(trx, ['nobody']);
    await findForgotten(trx, ['nobody', 'plans']);
  });
  await removeForgottenRecipients(pool, 500);
  await postpone(pool, other, 1);
  await suppress(pool, other, 'plans');
  for (const filter of [
    {},
    { state: 'sent' },
    { template: 'sign-up' },
    { state: 'sent', template: 'sign-up' },
  ] as const) {
    await listNotifications(pool, filter, 50);
  }
  await findNotification(pool, sent.id);
  await measureNotifications(pool);
  await removeOldNotifications(pool, 500);
}
