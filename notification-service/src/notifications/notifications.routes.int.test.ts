import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  createNotificationDatabase,
  GATEWAY_TOKEN,
  makeDue,
  NEEDED,
  politeAnswer,
  sendDeps,
  startContents,
  startNotificationService,
  startRawSmtp,
} from '../../test/test-app.ts';
import type { Template } from './notification.ts';
import { addNotifications, claimDue } from './notifications.sql.ts';
import { sendNotification } from './send-notification.ts';

let database: TestDatabase;
let service: ReturnType<typeof startNotificationService>;
beforeAll(async () => {
  database = await createNotificationDatabase();
  service = startNotificationService(database.pool);
  atEnd(async () => {
    await service.stop();
    await database.drop();
  });
});
beforeEach(() => database.truncate());

const read = (path: string, group = 'backoffice') =>
  request(service.http)
    .get(path)
    .set({ 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-custom-id': 'one', 'x-consumer-groups': group });

/** Ids that sort in the order of their making. */
const ids = (count: number) => Array.from({ length: count }, () => randomUUIDv7()).sort();
async function add(id: string, template: Template = 'sign-up', state = 'sent'): Promise<string> {
  const about = { recipient: randomUUID(), subjectId: randomUUID(), correlationId: 'test' };
  await inTransaction(database.pool, (trx) =>
    addNotifications(trx, [{ id, eventId: randomUUID(), template, messageId: `<${id}@shop.test>`, ...about }]),
  );
  const isDue = state === 'queued' || state === 'sending';
  await database.pool.query(
    'UPDATE notifications SET state = $2, due_at = CASE WHEN $3 THEN due_at END WHERE id = $1',
    [id, state, isDue],
  );
  return id;
}
const listed = async (path: string) => {
  const { body } = await read(path).expect(200);
  return { ids: body.items.map(({ id }: { id: string }) => id), next: body.nextCursor };
};

describe('GET /notifications', () => {
  it('lists all, newest first, page by page, without a mail address', async () => {
    const all = ids(5);
    for (const id of all) await add(id);
    const first = await listed('/notifications?limit=2');
    const second = await listed(`/notifications?limit=2&cursor=${first.next}`);
    const third = await listed(`/notifications?limit=2&cursor=${second.next}`);
    expect([...first.ids, ...second.ids, ...third.ids]).toEqual([...all].reverse());
    expect(third.next).toBeUndefined();
    const { body } = await read('/notifications?limit=1', 'operations').expect(200);
    expect(body.items).toEqual([
      {
        id: all[4],
        eventId: expect.any(String),
        template: 'sign-up',
        recipient: expect.any(String),
        state: 'sent',
        messageId: `<${all[4]}@shop.test>`,
        at: expect.any(String),
      },
    ]);
  });

  it('lists those of a state, of a template, and of both', async () => {
    const [a = '', b = '', c = '', d = ''] = ids(4);
    await add(a, 'sign-up', 'unknown');
    await add(b, 'password-reset', 'unknown');
    await add(c, 'password-reset', 'sent');
    await add(d, 'email-change', 'queued');
    expect((await listed('/notifications?state=unknown')).ids).toEqual([b, a]);
    expect((await listed('/notifications?template=password-reset')).ids).toEqual([c, b]);
    expect((await listed('/notifications?state=unknown&template=password-reset')).ids).toEqual([b]);
    expect((await listed('/notifications?state=failed')).ids).toEqual([]);
    const { ids: first, next } = await listed('/notifications?state=unknown&limit=1');
    expect([first, (await listed(`/notifications?state=unknown&limit=1&cursor=${next}`)).ids]).toEqual([[b], [a]]);
    expect((await read(`/notifications?state=sent&cursor=${next}`).expect(400)).body.code).toBe('validation-failed');
  });

  it.each(['state=lost', 'template=other', 'limit=0', 'cursor=x', 'recipient=a'])('refuses %s', async (query) => {
    expect((await read(`/notifications?${query}`).expect(400)).body.code).toBe('validation-failed');
  });
});

describe('GET /notifications/{id}', () => {
  it('shows one that is unknown, with the attempts and what they led to', async () => {
    const smtp = await startRawSmtp((socket, line, said) => {
      if (line === '.' && said.includes('DATA')) return socket.destroy();
      const polite = politeAnswer(line, said);
      return polite && socket.write(`${polite}\r\n`);
    });
    const contents = await startContents(() => NEEDED);
    const id = await add(randomUUIDv7(), 'sign-up', 'queued');
    for (let n = 0; n < 2; n += 1) {
      await makeDue(database.pool);
      const [claimed] = await claimDue(database.pool, { limit: 1, leaseSeconds: 60 });
      if (claimed) await sendNotification(sendDeps(database.pool, { smtp, contents }), claimed);
    }
    const attempt = { at: expect.any(String), endedAt: expect.any(String), outcome: 'unknown' };
    const { body } = await read(`/notifications/${id}`).expect(200);
    expect(body).toMatchObject({
      ...{ id, state: 'unknown', sentAgain: true, reason: expect.any(String), attempts: [attempt, attempt] },
    });
    expect(body).not.toHaveProperty('nextTryAt');
    expect(JSON.stringify(body)).not.toContain('ada@example.org');
    expect((await listed('/notifications?state=unknown')).ids).toEqual([id]);
  });

  it('shows when one is sent next, and none that was attempted', async () => {
    const id = await add(randomUUIDv7(), 'sign-up', 'queued');
    const { body } = await read(`/notifications/${id}`).expect(200);
    expect(body).toMatchObject({ state: 'queued', nextTryAt: expect.any(String), attempts: [] });
  });

  it.each([randomUUID(), 'x'])('answers 404 for %s', async (id) => {
    expect((await read(`/notifications/${id}`).expect(404)).body.code).toBe('notification-not-found');
  });
});
