import { randomUUID } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { accountDeletedV1, passwordResetRequestedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import { createNotificationDatabase, NEEDED, sendDeps, startContents, startSmtp } from '../../test/test-app.ts';
import { withNotificationMetrics } from '../metrics.ts';
import { accountEventsHandler } from './notifications.messages.ts';
import { claimDue } from './notifications.sql.ts';
import { removeForgottenRecipients } from './recipients.sql.ts';
import { sendNotification } from './send-notification.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createNotificationDatabase();
  atEnd(() => database.drop());
});
beforeEach(() => database.truncate());

const context = { correlationId: 'test', occurredAt: new Date() };
const around = { traceparent: undefined, headers: {} };
const deleted = (accountId: string) => {
  const { body } = toOutboxRow(accountDeletedV1, { accountId }, context);
  return { message: JSON.parse(body), definition: accountDeletedV1, ...around };
};
const asked = (accountId: string) => {
  const { body } = toOutboxRow(passwordResetRequestedV1, { accountId, mailId: randomUUID() }, context);
  return { message: JSON.parse(body), definition: passwordResetRequestedV1, ...around };
};
type Incoming = ReturnType<typeof deleted> | ReturnType<typeof asked>;

const metrics = withNotificationMetrics(createMetrics('notification-service', 'test'));
const handler = accountEventsHandler({ domain: 'shop.test', metrics, wakeSender: () => {} });
const handleIn = (trx: Transaction, ...events: Incoming[]) => handler(trx, events, (effect) => effect());
const handle = (...events: Incoming[]) => inTransaction(database.pool, (trx) => handleIn(trx, ...events));
const rows = async () =>
  (await database.pool.query('SELECT recipient, state, reason, due_at FROM notifications ORDER BY created_at, id'))
    .rows;
const GONE = { recipient: null, state: 'suppressed', reason: 'account deleted', due_at: null };

describe('after the deletion of an account', () => {
  const [ada, bob] = [randomUUID(), randomUUID()];

  it.each([
    ['before it', () => [asked(ada), asked(bob), deleted(ada)]],
    ['after it', () => [deleted(ada), asked(ada), asked(bob)]],
  ])('no notification names it, and none waits, whose event came %s', async (_when, events) => {
    for (const event of events()) await handle(event);
    expect(await rows()).toEqual([GONE, expect.objectContaining({ recipient: bob, state: 'queued' })]);
  });

  it('nothing waits in one batch with it, and a repeat changes nothing', async () => {
    const deletion = deleted(ada);
    await handle(asked(ada), deletion, asked(ada), deletion);
    const before = await rows();
    expect(before).toEqual([GONE, GONE]);
    await handle(deletion);
    expect(await rows()).toEqual(before);
  });

  it('what was sent stays sent, without the recipient; what may have been is not sent again', async () => {
    await handle(asked(ada), asked(ada), asked(ada));
    await database.pool.query(`
      WITH n AS (SELECT id, row_number() OVER (ORDER BY created_at, id) AS position FROM notifications)
      UPDATE notifications SET state = (ARRAY['sent', 'unknown', 'failed'])[position], due_at = NULL
      FROM n WHERE n.id = notifications.id`);
    const before = await counted(metrics, 'notifications_total', { template: 'password-reset', outcome: 'suppressed' });
    await handle(deleted(ada));
    expect((await rows()).map(({ recipient, state }) => [recipient, state])).toEqual([
      [null, 'sent'],
      [null, 'suppressed'],
      [null, 'failed'],
    ]);
    expect(await counted(metrics, 'notifications_total', { template: 'password-reset', outcome: 'suppressed' })).toBe(
      before + 1,
    );
  });

  it.each([
    ['the deletion', deleted, asked],
    ['the other event', asked, deleted],
  ] as const)('nothing is left of an event at the same time, if %s is first', async (_which, first, second) => {
    const events: Promise<unknown>[] = [];
    await inTransaction(database.pool, async (trx) => {
      await handleIn(trx, first(ada));
      events.push(handle(second(ada)));
      await eventually(async () => {
        const { rows: waiting } = await database.pool.query(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
        );
        return waiting.length > 0 || undefined;
      });
    });
    await Promise.all(events);
    expect(await rows()).toEqual([GONE]);
  });

  it.each(['away', 'there'])('a process that has claimed a mail sends nothing, with the mail server %s', async (at) => {
    const smtp = await startSmtp();
    const contents = await startContents(() => NEEDED);
    await handle(asked(ada));
    const [claimed] = await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
    await handle(deleted(ada));
    const url = at === 'there' ? smtp.url : 'smtp://127.0.0.1:1';
    if (claimed) await sendNotification(sendDeps(database.pool, { smtp: url, contents }), claimed);
    expect([await rows(), smtp.received]).toEqual([[GONE], []]);
  });

  it('it is known for a year', async () => {
    await handle(deleted(ada), deleted(bob));
    await database.pool.query(
      `UPDATE forgotten_recipients SET forgotten_at = now() - interval '366 days' WHERE recipient = $1`,
      [bob],
    );
    expect(await removeForgottenRecipients(database.pool, 10)).toBe(1);
    await handle(asked(ada));
    expect(await rows()).toEqual([GONE]);
  });
});
