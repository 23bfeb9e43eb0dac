import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  type AccountService,
  asShopper,
  createAccount,
  outbox,
  PASSWORD,
  post,
  put,
  signUp,
  startOnOwnDatabase,
  startUntilEnd,
  tokenOf,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
let bob: string;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  ada = await createAccount(service, database.pool);
  bob = await createAccount(service, database.pool, 'bob@example.org');
});

const wanted = 'countess@example.org';
const inHours = (hours: number) => () => new Date(Date.now() + hours * 3_600_000);
const ask = async (id: string, email = wanted, password = PASSWORD, at = service) =>
  put(at, '/accounts/me/email', { email, password }, await asShopper(id));
const confirm = async (id: string, token: string, key: string = randomUUID(), at = service) =>
  request(at.http)
    .post('/accounts/me/email/confirmation')
    .set({ ...(await asShopper(id)), 'idempotency-key': key })
    .send({ token });
const tokenFor = async (id: string, email = wanted) => {
  expect((await ask(id, email)).status).toBe(202);
  return tokenOf(database.pool, 'email-change');
};
const emailOf = async (id: string) =>
  (await database.pool.query('SELECT email FROM accounts WHERE id = $1', [id])).rows[0]?.email;
const changes = async () =>
  (await database.pool.query(`SELECT email FROM email_tokens WHERE purpose = 'email-change' ORDER BY id`)).rows;
/** Where the notices of a change go, each with what was reported of it. */
const notices = async () => {
  const { rows } = await database.pool.query<{ id: string; email: string }>(
    `SELECT id, email FROM email_tokens WHERE purpose = 'email-changed' ORDER BY id`,
  );
  const reported = (await outbox(database.pool)).filter(({ type }) => type === 'account.email-changed');
  expect(reported.map(({ payload }) => payload.mailId)).toEqual(rows.map(({ id }) => id));
  return rows.map(({ email }) => email);
};

describe('PUT /accounts/me/email', () => {
  it('sends a link to the new address, and changes nothing', async () => {
    const { status, body } = await ask(ada);
    expect([status, body]).toEqual([202, { email: wanted }]);
    expect([await changes(), await emailOf(ada)]).toEqual([[{ email: wanted }], 'ada@example.org']);
    expect((await outbox(database.pool)).at(-1)).toMatchObject({
      type: 'account.email-change-requested',
      payload: { accountId: ada },
    });
  });

  it('answers the same for the address of another account, which gets the mail', async () => {
    const [free, taken] = [await ask(ada), await ask(ada, 'bob@example.org')];
    expect([taken.status, Object.keys(taken.body)]).toEqual([free.status, Object.keys(free.body)]);
    expect(await changes()).toHaveLength(2);
  });

  it('sends nothing for the address that the account has', async () => {
    expect((await ask(ada, 'ada@example.org')).status).toBe(202);
    expect(await changes()).toEqual([]);
  });

  it('sends three mails within an hour for an account, and to an address, also at once', async () => {
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => ask(ada, `${name}@example.org`)));
    expect(await changes()).toHaveLength(3);
    const others = await Promise.all(
      ['x', 'y', 'z', 'w'].map((name) => createAccount(service, database.pool, `${name}@example.com`)),
    );
    await Promise.all(others.map((id, index) => ask(id, index % 2 ? wanted : wanted.toUpperCase())));
    expect(await changes()).toHaveLength(3 + 3);
    const later = startUntilEnd(database.pool, { now: inHours(1.01) });
    expect((await ask(ada, wanted, PASSWORD, later)).status).toBe(202);
    expect(await changes()).toHaveLength(3 + 3 + 1);
  });

  it('refuses a wrong password, which counts, until even the right one is refused', async () => {
    for (let n = 0; n < 10; n += 1) {
      const { status, body } = await ask(ada, wanted, `${PASSWORD}${n}`);
      expect([status, body.code]).toEqual([401, 'invalid-credentials']);
    }
    const refused = await ask(ada);
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-attempts']);
    expect(await changes()).toEqual([]);
  });

  it.each(['ada', 'countess@exämple.org', 'сountess@example.org', `${'a'.repeat(250)}@example.org`, ' a@example.org'])(
    'refuses %s',
    async (email) => {
      expect((await ask(ada, email)).body.code).toBe('validation-failed');
    },
  );
});

describe('POST /accounts/me/email/confirmation', () => {
  it('changes the address and the version, and frees the old address', async () => {
    const { status, body } = await confirm(ada, await tokenFor(ada));
    expect([status, body]).toMatchObject([200, { id: ada, email: wanted, version: 3 }]);
    await createAccount(service, database.pool, 'ada@example.org');
  });

  it('answers a repeat the same, with the key and with another', async () => {
    const token = await tokenFor(ada);
    const first = await confirm(ada, token, 'k');
    expect((await confirm(ada, token, 'k')).headers['idempotent-replayed']).toBe('true');
    const again = await confirm(ada, token);
    expect([again.status, again.text]).toEqual([200, first.text]);
    const later = startUntilEnd(database.pool, { now: inHours(24.01) });
    expect((await confirm(ada, token, randomUUID(), later)).body.code).toBe('token-invalid');
  });

  it('has one effect for twins, in two processes', async () => {
    const token = await tokenFor(ada);
    const twins = await Promise.all([
      confirm(ada, token),
      confirm(ada, token, randomUUID(), startUntilEnd(database.pool)),
    ]);
    expect(twins.map(({ status, body }) => [status, body.version])).toEqual([
      [200, 3],
      [200, 3],
    ]);
  });

  it('gives an address that two accounts confirm at once to one of them; the other learns that it is taken', async () => {
    const [hers, his] = [await tokenFor(ada), await tokenFor(bob)];
    const both = await Promise.all([confirm(ada, hers, 'k'), confirm(bob, his, 'k', startUntilEnd(database.pool))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status === 409)?.body.code).toBe('email-taken');
    expect([await emailOf(ada), await emailOf(bob)]).toContain(wanted);
    const loser = (await emailOf(ada)) === wanted ? [bob, his] : [ada, hers];
    const repeat = await confirm(loser[0] ?? '', loser[1] ?? '', 'k');
    expect([repeat.status, repeat.headers['idempotent-replayed']]).toEqual([409, 'true']);
  });

  it('lets two accounts not swap their addresses at once', async () => {
    const [hers, his] = [await tokenFor(ada, 'bob@example.org'), await tokenFor(bob, 'ada@example.org')];
    const both = await Promise.all([confirm(ada, hers), confirm(bob, his)]);
    expect(both.map(({ status }) => status)).toEqual([409, 409]);
  });

  it('ends a sign-up with the address that nobody has verified, also one at the same time', async () => {
    const verification = await signUp(service, database.pool, wanted);
    const token = await tokenFor(ada);
    const [confirmed] = await Promise.all([
      confirm(ada, token),
      post(service, '/accounts', { email: wanted }).expect(202),
    ]);
    expect(confirmed.status).toBe(200);
    const refused = await post(service, '/accounts/verification', {
      ...{ token: verification, password: PASSWORD, name: 'Eve' },
    }).expect(400);
    expect(refused.body.code).toBe('token-invalid');
    expect(await emailOf(ada)).toBe(wanted);
  });

  it('changes the case of the own address', async () => {
    const { body } = await confirm(ada, await tokenFor(ada, 'Ada@Example.org'));
    expect(body.email).toBe('Ada@Example.org');
  });

  it('ends the links in the old mailbox', async () => {
    await post(service, '/accounts/password-reset', { email: 'ada@example.org' }).expect(202);
    const reset = await tokenOf(database.pool, 'password-reset');
    expect((await confirm(ada, await tokenFor(ada))).status).toBe(200);
    const refused = await put(service, '/accounts/password', { token: reset, password: `${PASSWORD}!` }).expect(400);
    expect(refused.body.code).toBe('token-invalid');
  });

  it('refuses the token of another person, of another mail, and a made up one', async () => {
    const [his, verification] = [await tokenFor(bob), await tokenOf(database.pool, 'verification')];
    for (const token of [his, verification, 'made up']) {
      expect((await confirm(ada, token)).body.code).toBe('token-invalid');
    }
    expect((await confirm(bob, his)).status).toBe(200);
  });
});

describe('the notice to the old mailbox', () => {
  it('follows a change, once for repeats and twins, and reports ids only', async () => {
    const token = await tokenFor(ada);
    expect(await notices()).toEqual([]);
    await Promise.all([confirm(ada, token, 'k'), confirm(ada, token, randomUUID(), startUntilEnd(database.pool))]);
    await confirm(ada, token, 'k');
    expect(await notices()).toEqual(['ada@example.org']);
    expect((await outbox(database.pool)).at(-1)).toEqual({
      type: 'account.email-changed',
      payload: { accountId: ada, mailId: expect.any(String) },
    });
  });

  it('follows each change, to the address that the account had then', async () => {
    await confirm(ada, await tokenFor(ada));
    await confirm(ada, await tokenFor(ada, 'lovelace@example.org'));
    expect(await notices()).toEqual(['ada@example.org', wanted]);
  });

  it('follows no change that is refused, that nobody confirms, or that keeps the mailbox', async () => {
    expect((await confirm(ada, await tokenFor(ada, 'bob@example.org'))).status).toBe(409);
    expect((await confirm(ada, 'made up')).status).toBe(400);
    const token = await tokenFor(ada);
    const later = startUntilEnd(database.pool, { now: inHours(24.01) });
    expect((await confirm(ada, token, randomUUID(), later)).body.code).toBe('token-invalid');
    expect((await confirm(ada, await tokenFor(ada, 'Ada@Example.org'))).status).toBe(200);
    expect(await notices()).toEqual([]);
  });
});
