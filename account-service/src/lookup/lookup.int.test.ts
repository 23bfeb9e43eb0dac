import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asClient,
  asShopper,
  asStaff,
  createAccount,
  signUp,
  startOnOwnDatabase,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
const BACKOFFICE = asClient('backoffice-1', 'backoffice');
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  ada = await createAccount(service, database.pool);
});

const find = (email: unknown, as = BACKOFFICE) =>
  request(service.http).post('/accounts/lookup').set(as).send({ email });
const read = (id: string, as = BACKOFFICE) => request(service.http).get(`/accounts/${id}`).set(as);

it('finds an account by its mail address, however it is written, without an Idempotency-Key', async () => {
  const { body, headers } = await find('ADA@example.org').expect(200);
  expect(body).toEqual({
    ...{ id: ada, email: 'ada@example.org', name: 'Ada', locale: 'en', roles: [], status: 'active', version: 2 },
    ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
  });
  expect(headers.etag).toBeUndefined();
  expect((await database.pool.query('SELECT FROM idempotency_keys')).rowCount).toBe(0);
});

it('reads an account by its id, with its version', async () => {
  const { body, headers } = await read(ada).expect(200);
  expect([body.email, headers.etag]).toEqual(['ada@example.org', '"2"']);
  await read(ada, { ...BACKOFFICE, 'if-none-match': '"2"' }).expect(304);
});

it('shows an unverified account as such', async () => {
  await signUp(service, database.pool, 'eve@example.org');
  const { body } = await find('eve@example.org').expect(200);
  expect([body.status, body.name]).toEqual(['unverified', undefined]);
});

it('shows a deleted account without anything personal, and finds it by no mail address', async () => {
  const asAda = { ...(await asShopper(ada)), 'if-match': '*' };
  await request(service.http).delete('/accounts/me').set(asAda).expect(204);
  const { body } = await read(ada).expect(200);
  expect(body).toEqual({
    ...{ id: ada, locale: 'en', roles: [], status: 'deleted', version: 3 },
    ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
  });
  expect((await find('ada@example.org').expect(404)).body.code).toBe('account-not-found');
});

it.each([randomUUID(), 'x', '%00'])('is 404 for %s', async (id) => {
  expect((await read(id).expect(404)).body.code).toBe('account-not-found');
});

it('refuses what is no mail address', async () => {
  for (const email of ['ada', 1, undefined, `${'a'.repeat(300)}@example.org`]) {
    expect((await find(email).expect(400)).body.code).toBe('validation-failed');
  }
});

it('is for staff of the back office too, and not for others', async () => {
  await read(ada, await asStaff(randomUUID(), ['backoffice'])).expect(200);
  for (const as of [await asStaff(ada, ['operations']), await asShopper(ada)]) {
    for (const call of [read(ada, as), find('ada@example.org', as)]) {
      expect((await call.expect(403)).body.code).toBe('forbidden');
    }
  }
});

it('does not take the own account for an id', async () => {
  const { body } = await request(service.http)
    .get('/accounts/me')
    .set(await asStaff(ada, ['backoffice']))
    .expect(200);
  expect(body.status).toBeUndefined();
});
