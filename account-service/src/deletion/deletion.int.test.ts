import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  asStaff,
  createAccount,
  outbox,
  PASSWORD,
  post,
  put,
  startOnOwnDatabase,
  startUntilEnd,
  tokenOf,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
let asAda: Record<string, string>;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  ada = await createAccount(service, database.pool);
  asAda = await asShopper(ada);
});

const address = { name: 'Ada', street: 'Square 12', postalCode: 'SW1Y', city: 'London', country: 'GB' };
const remove = (ifMatch: string | undefined = '*', at = service) => {
  const call = request(at.http).delete('/accounts/me').set(asAda);
  return ifMatch === '' ? call : call.set('if-match', ifMatch);
};
const addAddress = (key: string = randomUUID(), at = service) =>
  request(at.http)
    .post('/accounts/me/addresses')
    .set({ ...asAda, 'idempotency-key': key })
    .send(address);

/** Everything that any table has, as text. */
async function everything(): Promise<string> {
  const { rows: tables } = await database.pool.query(
    `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'knex%'`,
  );
  const texts = await Promise.all(
    tables.map(async ({ table_name: table }) => {
      const { rows } = await database.pool.query(
        `SELECT coalesce(string_agg(t::text, ' '), '') AS all FROM ${table} t`,
      );
      return `${table}: ${rows[0].all}`;
    }),
  );
  return texts.join('\n');
}

describe('DELETE /accounts/me', () => {
  it('leaves nothing personal in any table, and reports it', async () => {
    await addAddress().expect(201);
    const rename = request(service.http)
      .patch('/accounts/me')
      .set({ ...asAda, 'idempotency-key': 'k', 'if-match': '*' });
    await rename.send({ name: 'Countess Lovelace' }).expect(200);
    await put(service, '/accounts/me/email', { email: 'countess@example.org', password: PASSWORD }, asAda).expect(202);
    await database.pool.query(
      `INSERT INTO session_families (id, account_id, audience, expires_at) VALUES ($1, $1, 'shop', now() + interval '1 day')`,
      [ada],
    );
    await remove().expect(204);
    const left = await everything();
    for (const personal of ['example.org', 'Ada', 'Countess', 'Square', 'SW1Y']) expect(left).not.toContain(personal);
    const { rows } = await database.pool.query('SELECT id, email, name, roles, status FROM accounts');
    expect(rows).toEqual([{ id: ada, email: null, name: null, roles: [], status: 'deleted' }]);
    const counts = await Promise.all(
      ['credentials', 'session_families', 'email_tokens', 'addresses', 'idempotency_keys', 'sign_in_attempts'].map(
        async (table) => (await database.pool.query(`SELECT FROM ${table} WHERE true`)).rowCount,
      ),
    );
    expect(counts.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect((await outbox(database.pool)).at(-1)).toEqual({ type: 'account.deleted', payload: { accountId: ada } });
  });

  it('frees the mail address, for another account', async () => {
    await remove().expect(204);
    expect(await createAccount(service, database.pool)).not.toBe(ada);
  });

  it('answers a repeat and twins the same, and reports it once', async () => {
    const twins = await Promise.all([remove('"2"'), remove('"2"', startUntilEnd(database.pool))]);
    expect([...twins, await remove('"2"')].map(({ status, text }) => [status, text])).toEqual(Array(3).fill([204, '']));
    expect((await outbox(database.pool)).filter(({ type }) => type === 'account.deleted')).toHaveLength(1);
  });

  it('needs the present version', async () => {
    expect((await remove('').expect(428)).body.code).toBe('precondition-required');
    expect((await remove('"1"').expect(412)).body).toMatchObject({ code: 'stale-version', current: { version: 2 } });
    expect((await request(service.http).get('/accounts/me').set(asAda)).status).toBe(200);
  });

  it('ends everything else for the tokens that are still valid, and every link', async () => {
    await post(service, '/accounts/password-reset', { email: 'ada@example.org' }).expect(202);
    const token = await tokenOf(database.pool, 'password-reset');
    await addAddress('k').expect(201);
    await remove().expect(204);
    const keyed = { ...asAda, 'idempotency-key': 'k', 'if-match': '*' };
    const { http } = service;
    const calls = [
      request(http).get('/accounts/me').set(asAda),
      request(http).patch('/accounts/me').set(keyed).send({ name: 'Eve' }),
      request(http).get('/accounts/me/export').set(asAda),
      request(http).get('/accounts/me/addresses').set(asAda),
      addAddress('k'),
      put(service, '/accounts/me/password', { current: PASSWORD, password: `${PASSWORD}!` }, asAda),
      put(service, '/accounts/me/email', { email: 'eve@example.org', password: PASSWORD }, asAda),
      request(http).post('/accounts/me/email/confirmation').set(keyed).send({ token }),
      request(http)
        .get('/accounts/me')
        .set(await asStaff(ada, [])),
    ];
    for (const call of calls) expect((await call.expect(401)).body.code).toBe('session-ended');
    const reset = await put(service, '/accounts/password', { token, password: PASSWORD }).expect(400);
    expect(reset.body.code).toBe('token-invalid');
  });

  it('leaves nothing behind that is added at the same time', async () => {
    const other = startUntilEnd(database.pool);
    const added = await Promise.all([
      ...Array.from({ length: 5 }, () => addAddress(undefined, other)),
      remove(),
      ...Array.from({ length: 5 }, () => addAddress()),
    ]);
    for (const { status } of added) expect([201, 204, 401]).toContain(status);
    for (const table of ['addresses', 'idempotency_keys']) {
      expect((await database.pool.query(`SELECT FROM ${table} WHERE true`)).rowCount).toBe(0);
    }
  });

  it('is for shoppers, not for the console', async () => {
    const call = request(service.http)
      .delete('/accounts/me')
      .set({ ...(await asStaff(ada, ['operations'])), 'if-match': '*' });
    expect((await call.expect(403)).body.code).toBe('forbidden');
  });

  it('does nothing when it fails before the commit', async () => {
    const asOwner = (sql: string) => withClient(database.ownerUrl, (client) => client.query(sql));
    await asOwner(`ALTER TABLE outbox_messages ADD CONSTRAINT breaks CHECK (body NOT LIKE '%account.deleted%')`);
    await remove().expect(500);
    await asOwner('ALTER TABLE outbox_messages DROP CONSTRAINT breaks');
    expect((await request(service.http).get('/accounts/me').set(asAda).expect(200)).body.name).toBe('Ada');
    await remove().expect(204);
  });
});
