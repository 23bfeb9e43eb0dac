/** The database of account-service, filled, and every statement that the service has. */
import { randomUUID } from 'node:crypto';
import { findSignIn, replaceCredential } from '@shop/account-service/accounts/accounts.sql.ts';
import { clearFailures } from '@shop/account-service/attempts/attempts.ts';
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { findMailState } from '@shop/account-service/email-tokens/email-tokens.sql.ts';
import {
  endRebuild,
  findStates,
  historyStates,
  readRebuild,
  removeRows,
  saveRebuild,
  writeOrders,
} from '@shop/account-service/order-history/order-history.sql.ts';
import type { PasswordHash } from '@shop/account-service/passwords/password-hasher.ts';
import { removeExpired } from '@shop/account-service/remove-expired.ts';
import { publishedKeys, rotateKeys } from '@shop/account-service/signing-keys/rotate-keys.ts';
import { addStaff, setStaffRoles } from '@shop/account-service/staff/change-staff.ts';
import { databaseTime, findStaff } from '@shop/account-service/staff/staff.sql.ts';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { readDigests, readStates } from '@shop/chassis/operations/reconciliation/digests.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import request from 'supertest';
import * as accountSide from '../../account-service/test/test-app.ts';

/** Accounts from `first` to `last`, each with a password, a mail and a session. One in a hundred was never verified. */
export async function addAccounts(ownerUrl: string, { first, last }: { first: number; last: number }): Promise<void> {
  await withClient(ownerUrl, (client) =>
    client.query(
      /* sql */ `
      WITH numbers AS (
        SELECT n, gen_random_uuid() AS id, now() - n * interval '1 minute' AS at FROM generate_series(${first}, ${last}) AS n
      ), added AS (
        INSERT INTO accounts (id, email, name, locale, status, created_at, updated_at)
        SELECT id, 'person-' || n || '@example.org', 'Person', 'en',
          CASE WHEN n % 100 = 0 THEN 'unverified' ELSE 'active' END, at, at FROM numbers
      ), passwords AS (
        INSERT INTO credentials (account_id, hash, salt, memory_kib, passes, parallelism)
        SELECT id, '', '', 1, 1, 1 FROM numbers WHERE n % 100 <> 0
      ), mails AS (
        INSERT INTO email_tokens (id, account_id, purpose, email, created_at, expires_at)
        SELECT gen_random_uuid(), id, 'verification', 'person-' || n || '@example.org', at, at + interval '1 day' FROM numbers
      ), orders AS (
        INSERT INTO order_history (order_id, account_id, number, status, total, currency, placed_at, version, view)
        SELECT gen_random_uuid(), id, 'ORD-' || n, 'confirmed', 900, 'EUR', at, 2, '{"lines": []}' FROM numbers
      ), places AS (
        INSERT INTO addresses (id, account_id, name, street, postal_code, city, country, created_at, updated_at)
        SELECT gen_random_uuid(), id, 'Person', 'Street 1', '1', 'City', 'AT', at, at FROM numbers
      )
      INSERT INTO session_families (id, account_id, audience, expires_at) SELECT id, id, 'shop', at + interval '30 days' FROM numbers`,
    ),
  );
}

/** As autovacuum leaves the tables after a while. */
export async function fillAccounts(ownerUrl: string, count: number): Promise<void> {
  await addAccounts(ownerUrl, { first: 1, last: count });
  await withClient(ownerUrl, (client) => client.query('VACUUM (ANALYZE)'));
}

/** Everything that account-service asks its database. */
export async function runAccounts({ pool, ownerUrl }: { pool: Pool; ownerUrl: string }): Promise<void> {
  const service = accountSide.startAccountService(pool);
  const email = 'plans@example.org';
  await accountSide.post(service, '/accounts', { email }).expect(202);
  const token = await withClient(ownerUrl, async (client) => {
    const { rows } = await client.query('SELECT id FROM email_tokens WHERE email = $1', [email]);
    return toToken(accountSide.masterKey, rows[0].id);
  });
  const verify = () =>
    accountSide
      .post(service, '/accounts/verification', { token, password: accountSide.PASSWORD, name: 'Plans' })
      .expect(201);
  await verify();
  await verify();
  const { id } = (await verify()).body.account;
  await runSessions(service, { pool, ownerUrl, email });
  await runStaff(pool);
  await runHistory(pool);
  await findMailState(pool, randomUUID());
  // Last, because it deletes the account.
  await runProfile(service, ownerUrl, id);
  const keys = { pool, masterKey: accountSide.masterKey };
  await publishedKeys(keys);
  await rotateKeys(keys);
  await removeExpired(pool, new Date());
  await service.stop();
}

/** Sign-in, refresh with its repeat and a theft, sign-out. */
async function runSessions(
  service: accountSide.AccountService,
  { pool, ownerUrl, email }: { pool: Pool; ownerUrl: string; email: string },
): Promise<void> {
  const shopper = { 'x-caller': 'shopper' };
  const asOwner = (sql: string) => withClient(ownerUrl, (client) => client.query(sql));
  const credentials = { email, password: accountSide.PASSWORD, bearer: true };
  const signIn = async () => (await accountSide.post(service, '/sessions', credentials, shopper).expect(201)).body;
  const refresh = (refreshToken: string) => accountSide.post(service, '/sessions/refresh', { refreshToken }, shopper);
  const signOut = (path: string, accessToken: string) =>
    accountSide.remove(service, path, { ...shopper, authorization: `Bearer ${accessToken}` }).expect(204);
  const { accessToken, refreshToken } = await signIn();
  const { body } = await refresh(refreshToken).expect(200);
  await refresh(refreshToken).expect(200);
  await refresh(body.refreshToken).expect(200);
  await asOwner(`UPDATE sessions SET used_at = used_at - interval '1 minute'`);
  await refresh(refreshToken).expect(401);
  await signOut('/sessions/current', accessToken);
  await signOut('/sessions', accessToken);
  const stored = await findSignIn(pool, email);
  const password = stored?.password as PasswordHash;
  const accountId = stored?.account.id ?? '';
  await inTransaction(pool, (trx) => replaceCredential(trx, accountId, { from: password, to: password }));
  await clearFailures(pool, email);
}

/** What keeps the order histories. */
async function runHistory(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>('SELECT order_id AS id FROM order_history LIMIT 1');
  const id = rows[0]?.id ?? '';
  const shown = { number: 'ORD-1', customerId: id, currency: 'EUR', lines: [], createdAt: new Date().toISOString() };
  await writeOrders(pool, [{ ...shown, id, status: 'shipped', version: 3 }]);
  await readDigests(pool, historyStates);
  await readStates(pool, historyStates, { buckets: [7] });
  const states = await findStates(pool, [id]);
  await inTransaction(pool, async (trx) => {
    await removeRows(trx, [...states.values()]);
    await saveRebuild(trx, { position: id, done: 1 });
  });
  await readRebuild(pool);
  await endRebuild(pool);
}

/** Roles by the command. */
async function runStaff(pool: Pool): Promise<void> {
  const member = { email: 'staff@example.org', roles: ['operations'] } as const;
  const now = await databaseTime(pool);
  await addStaff({ pool, masterKey: accountSide.masterKey }, member, now);
  await setStaffRoles({ pool }, { ...member, roles: [] }, now);
  await findStaff(pool);
}

/** What a person does who is signed in. */
async function runProfile(service: accountSide.AccountService, ownerUrl: string, accountId: string): Promise<void> {
  const as = { ...(await accountSide.asShopper(accountId)), 'if-match': '*', 'idempotency-key': 'plans' };
  const address = { name: 'Plans', street: 'Street 1', postalCode: '1', city: 'City', country: 'AT' };
  const { http } = service;
  await request(http).get('/accounts/me').set(as).expect(200);
  await request(http).patch('/accounts/me').set(as).send({ name: 'Other' }).expect(200);
  const addresses = '/accounts/me/addresses';
  const added = await request(http)
    .post(addresses)
    .set({ ...as, 'idempotency-key': 'address' })
    .send(address);
  await request(http).get('/accounts/me/orders').set(as).expect(200);
  const one = `${addresses}/${added.body.id}`;
  await request(http).get(addresses).set(as).expect(200);
  await request(http)
    .put(one)
    .set(as)
    .send({ ...address, city: 'Other' })
    .expect(200);
  await request(http).delete(one).set(as).expect(204);
  await request(http).delete(one).set(as).expect(204);
  const email = 'plans@example.org';
  await accountSide.post(service, '/accounts/password-reset', { email }).expect(202);
  const token = await tokenOf(ownerUrl, 'password-reset');
  const password = accountSide.PASSWORD;
  await accountSide.put(service, '/accounts/password', { token, password }).expect(200);
  await accountSide.put(service, '/accounts/me/password', { current: password, password }, as).expect(200);
  await accountSide.put(service, '/accounts/me/email', { email: 'other@example.org', password }, as).expect(202);
  await accountSide.post(service, '/accounts', { email: 'other@example.org' }).expect(202);
  await request(http)
    .post('/accounts/me/email/confirmation')
    .set({ ...as, 'idempotency-key': 'email' })
    .send({ token: await tokenOf(ownerUrl, 'email-change') })
    .expect(200);
  const backOffice = accountSide.asClient('backoffice-1', 'backoffice');
  await accountSide.post(service, '/accounts/lookup', { email: 'other@example.org' }, backOffice).expect(200);
  await accountSide.get(service, `/accounts/${accountId}`, backOffice).expect(200);
  await accountSide.get(service, '/operations/accounts/staff', backOffice).expect(200);
  await request(http).get('/accounts/me/export').set(as).expect(200);
  await request(http).delete('/accounts/me').set(as).expect(204);
}

/** As the owner, because this is no statement of the service. */
function tokenOf(ownerUrl: string, purpose: 'password-reset' | 'email-change'): Promise<string> {
  return withClient(ownerUrl, async (client) => {
    const { rows } = await client.query('SELECT id FROM email_tokens WHERE purpose = $1 ORDER BY id DESC LIMIT 1', [
      purpose,
    ]);
    return toToken(accountSide.masterKey, rows[0].id);
  });
}
