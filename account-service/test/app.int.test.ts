import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import { type AccountService, get, OPERATIONS, startOnOwnDatabase } from './test-app.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});

it('lists what could not be published, for operations', async () => {
  await database.pool.query(`
    INSERT INTO dead_letters (id, queue, type, reason, attempts, history, message_id, routing_key, headers, body, body_digest)
    VALUES (gen_random_uuid(), 'outbox', 'account.verified', 'unparseable', 0, '{}', '1', 'account.verified.v1', '{}', '{}', '')`);
  const { body } = await get(service, '/operations/accounts/dead-letters', OPERATIONS).expect(200);
  expect(body.items).toMatchObject([{ queue: 'outbox', type: 'account.verified', status: 'open' }]);
});

it.each(['/operations/accounts/dead-letters', '/accounts/verification', '/health/accounts'])(
  'answers nothing at %s without the gateway',
  async (path) => {
    const { body } = await request(service.http).get(path).expect(401);
    expect(body.code).toBe('gateway-required');
  },
);

it('serves its document', async () => {
  const { body } = await get(service, '/docs/accounts.json').expect(200);
  expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/accounts', '/.well-known/jwks.json']));
});
