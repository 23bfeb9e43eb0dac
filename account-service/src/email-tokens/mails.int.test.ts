import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  createAccount,
  get,
  NOTIFICATION_TOKEN,
  PASSWORD,
  post,
  put,
  signUp,
  startOnOwnDatabase,
  tokenOf,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

/** The newest mail, as notification-service asks for it. */
async function contentOfNewest() {
  const { rows } = await database.pool.query('SELECT id FROM email_tokens ORDER BY id DESC LIMIT 1');
  return ask(rows[0].id);
}
const ask = (id: string, token = NOTIFICATION_TOKEN) =>
  request(service.http).get(`/internal/mails/${id}`).set('authorization', `Bearer ${token}`);

it('says what a mail needs now, and that it must not be stored', async () => {
  const token = await signUp(service, database.pool);
  const { body, headers } = await contentOfNewest();
  expect(body).toMatchObject({
    needed: true,
    purpose: 'verification',
    audience: 'shop',
    email: 'ada@example.org',
    locale: 'en',
    token,
  });
  expect(headers['cache-control']).toBe('no-store');
});

it('leads staff to the console', async () => {
  await signUp(service, database.pool);
  await database.pool.query(`UPDATE accounts SET roles = '{operations}'`);
  expect((await contentOfNewest()).body).toMatchObject({ needed: true, audience: 'console' });
});

it('gives the mail about an existing account no token', async () => {
  const token = await signUp(service, database.pool);
  await post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Ada' }).expect(201);
  expect((await contentOfNewest()).body).toEqual({ needed: false, reason: 'token used' });
  await signUp(service, database.pool);
  const { body } = await contentOfNewest();
  expect(body).toMatchObject({ needed: true, purpose: 'account-exists', name: 'Ada' });
  expect(body).not.toHaveProperty('token');
});

it('gives the notice to the old mailbox no token, and the name of the account', async () => {
  const id = await createAccount(service, database.pool);
  const asAda = await asShopper(id);
  await put(service, '/accounts/me/email', { email: 'new@example.org', password: PASSWORD }, asAda).expect(202);
  const token = await tokenOf(database.pool, 'email-change');
  const key = { 'idempotency-key': 'k' };
  await post(service, '/accounts/me/email/confirmation', { token }, { ...asAda, ...key }).expect(200);
  const { body } = await contentOfNewest();
  expect(body).toMatchObject({ needed: true, purpose: 'email-changed', email: 'ada@example.org', name: 'Ada' });
  expect(body).not.toHaveProperty('token');
});

it.each([
  [
    'the account was verified by another mail',
    `UPDATE accounts SET status = 'active', name = 'Ada'`,
    'account verified',
  ],
  ['the account was deleted', `UPDATE accounts SET status = 'deleted', email = NULL`, 'account deleted'],
  ['the token has expired', 'UPDATE email_tokens SET expires_at = now()', 'token expired'],
])('says that it is not needed when %s', async (_what, change, reason) => {
  await signUp(service, database.pool);
  await database.pool.query(change);
  expect((await contentOfNewest()).body).toEqual({ needed: false, reason });
});

it.each([randomUUID(), 'x'])('says that the mail %s is not needed', async (id) => {
  expect((await ask(id).expect(200)).body).toEqual({ needed: false, reason: 'mail unknown' });
});

it.each(['', 'g'.repeat(32)])('answers nobody else: %j', async (token) => {
  const { body } = await ask(randomUUID(), token).expect(401);
  expect(body.code).toBe('internal-token-required');
  await get(service, `/internal/mails/${randomUUID()}`).expect(401);
});
