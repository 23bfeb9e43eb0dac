import { listen } from '@shop/chassis/edge/server.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { readEvents } from '@shop/chassis/testing/read-events.ts';
import request from 'supertest';
import { type AccountService, get, OPERATIONS, startOnOwnDatabase } from './test-app.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});

/** A message of this type that could not be published. */
async function addDeadLetter(type: string, id: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO dead_letters (id, queue, type, reason, attempts, history, message_id, routing_key, headers, body, body_digest)
     VALUES ($1, 'outbox', $2::text, 'unparseable', 0, '{}', $2, $2 || '.v1', '{}', '{}', '')`,
    [id, type],
  );
}

it('lists what could not be published, for operations', async () => {
  await addDeadLetter('account.verified', '0195f0a0-0000-7000-8000-000000000001');
  const { body } = await get(service, '/operations/accounts/dead-letters', OPERATIONS).expect(200);
  expect(body.items).toMatchObject([{ queue: 'outbox', type: 'account.verified', status: 'open' }]);
});

it('shows counters and dead letters while they come', async () => {
  const server = await listen(service.http, '127.0.0.1', 0);
  atEnd(() => server.close());
  const reader = await readEvents(`http://127.0.0.1:${server.port}/operations/accounts/stream`, OPERATIONS);
  atEnd(() => reader.close());
  await eventually(() => reader.received.find(({ event }) => event === 'counters'));
  await addDeadLetter('account.registered', '0195f0a0-0000-7000-8000-000000000002');
  await eventually(() =>
    reader.received.find(({ event, data }) => event === 'dead-letter' && data.type === 'account.registered'),
  );
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
