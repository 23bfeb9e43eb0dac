import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import { type AccountService, asShopper, asStaff, createAccount, startOnOwnDatabase } from '../../test/test-app.ts';
import { exportView } from './export.routes.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const address = { name: 'Ada', street: 'Square 12', postalCode: 'SW1Y', city: 'London', country: 'GB' };
const read = (as: Record<string, string>) => request(service.http).get('/accounts/me/export').set(as);

it('is all that is known of the person, and nothing of others or that is secret', async () => {
  const ada = await createAccount(service, database.pool);
  const asAda = await asShopper(ada);
  const asEve = await asShopper(await createAccount(service, database.pool, 'eve@example.org'));
  for (const as of [asAda, asEve]) {
    await request(service.http)
      .post('/accounts/me/addresses')
      .set({ ...as, 'idempotency-key': 'k' })
      .send(address)
      .expect(201);
  }
  await database.pool.query(
    `INSERT INTO session_families (id, account_id, audience, expires_at) VALUES ($1, $1, 'shop', now() + interval '1 day')`,
    [ada],
  );
  const { body, text } = await read(asAda).expect(200);
  expect(exportView.parse(body)).toEqual(body);
  expect(body).toMatchObject({
    account: { id: ada, email: 'ada@example.org', name: 'Ada', passwordChangedAt: expect.any(String) },
    addresses: [address],
    sessions: [{ id: ada, audience: 'shop' }],
    mails: [{ purpose: 'verification', email: 'ada@example.org', usedAt: expect.any(String) }],
  });
  for (const hidden of ['eve', 'hash', 'salt', 'token']) expect(text).not.toContain(hidden);
});

it('is for shoppers, not for the console', async () => {
  const ada = await createAccount(service, database.pool);
  expect((await read(await asStaff(ada, ['backoffice'])).expect(403)).body.code).toBe('forbidden');
});

it('reads one moment, while an address is added', async () => {
  const asAda = await asShopper(await createAccount(service, database.pool));
  const [{ body }] = await Promise.all([
    read(asAda).expect(200),
    request(service.http)
      .post('/accounts/me/addresses')
      .set({ ...asAda, 'idempotency-key': 'k' })
      .send(address)
      .expect(201),
  ]);
  expect([0, 1]).toContain(body.addresses.length);
});
