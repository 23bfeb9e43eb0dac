import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import { createNotificationDatabase, GATEWAY_TOKEN, startNotificationService } from './test-app.ts';

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

const get = (path: string, headers: Record<string, string> = {}) =>
  request(service.http)
    .get(path)
    .set({ 'x-gateway-token': GATEWAY_TOKEN, ...headers });

it('lists what could not be handled, for operations', async () => {
  await database.pool.query(`
    INSERT INTO dead_letters (id, queue, type, reason, attempts, history, message_id, routing_key, headers, body, body_digest)
    VALUES (gen_random_uuid(), 'notification.account-mails', 'account.registered', 'unparseable', 0, '{}', '1', 'account.registered.v1',
      '{}', '{}', '')`);
  const operations = { 'x-consumer-custom-id': 'operations-1', 'x-consumer-groups': 'operations' };
  const { body } = await get('/operations/notifications/dead-letters', operations).expect(200);
  expect(body.items).toMatchObject([
    { queue: 'notification.account-mails', type: 'account.registered', status: 'open' },
  ]);
});

it.each(['/operations/notifications/dead-letters', '/health/notifications'])(
  'answers nothing at %s without the gateway',
  async (path) => {
    const { body } = await request(service.http).get(path).expect(401);
    expect(body.code).toBe('gateway-required');
  },
);

it('serves its document', async () => {
  const { body } = await get('/docs/notifications.json').expect(200);
  expect(Object.keys(body.paths)).toContain('/operations/notifications/dead-letters');
});
