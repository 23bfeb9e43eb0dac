import { randomUUID } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
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
import { removeExpired } from '../remove-expired.ts';
import { createPasswordHasher } from './password-hasher.ts';

let database: TestDatabase;
let service: AccountService;
let ada: string;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  ada = await createAccount(service, database.pool);
});

const email = 'ada@example.org';
const OTHER = 'another horse battery staple';
const inHours = (hours: number) => () => new Date(Date.now() + hours * 3_600_000);
const ask = (at = service, address = email) => post(at, '/accounts/password-reset', { email: address });
const reset = (token: string, password = OTHER, at = service) => put(at, '/accounts/password', { token, password });
const resetToken = async () => {
  await ask().expect(202);
  return tokenOf(database.pool, 'password-reset');
};
const purposes = async () =>
  (await database.pool.query('SELECT purpose FROM email_tokens ORDER BY id')).rows.map(({ purpose }) => purpose);
const types = async () => (await outbox(database.pool)).map(({ type }) => type);

/** Whether this is the password now. */
async function isPassword(password: string): Promise<boolean> {
  const { rows } = await database.pool.query('SELECT * FROM credentials WHERE account_id = $1', [ada]);
  const { memory_kib: memoryKib, ...rest } = rows[0];
  return createPasswordHasher().matches(password, { ...rest, memoryKib });
}

/** A session; its id. */
async function addSession(): Promise<string> {
  const { rows } = await database.pool.query(
    `INSERT INTO session_families (id, account_id, audience, expires_at)
     VALUES (gen_random_uuid(), $1, 'shop', now() + interval '1 day') RETURNING id`,
    [ada],
  );
  return rows[0].id;
}
const openSessions = async () =>
  (await database.pool.query('SELECT id FROM session_families WHERE ended_at IS NULL')).rows.map(({ id }) => id);

describe('POST /accounts/password-reset', () => {
  it('sends a link, and reports the mail that is to be sent', async () => {
    const { body } = await ask().expect(202);
    expect(body).toEqual({ email });
    const { rows } = await database.pool.query(`SELECT id, email FROM email_tokens WHERE purpose = 'password-reset'`);
    expect(rows).toEqual([{ id: expect.any(String), email }]);
    expect((await outbox(database.pool)).at(-1)).toEqual({
      type: 'account.password-reset-requested',
      payload: { accountId: ada, mailId: rows[0].id },
    });
  });

  it('answers the same for an unknown address, by the same steps, and sends nothing there', async () => {
    const steps: string[][] = [];
    const watched = Object.create(database.pool, {
      connect: {
        value: async () => {
          const client = await database.pool.connect();
          const made: string[] = [];
          steps.push(made);
          const query = client.query.bind(client) as (...args: unknown[]) => unknown;
          const watching = (...args: unknown[]) => {
            made.push(
              String(args[0])
                .replace(/RELEASE|ROLLBACK TO/, 'END OF')
                .replace(/\s+/g, ' '),
            );
            return query(...args);
          };
          return Object.create(client, { query: { value: watching }, release: { value: client.release.bind(client) } });
        },
      },
    });
    const watchedService = startUntilEnd(database.pool, { requestPool: watched });
    const known = await ask(watchedService).expect(202);
    const unknown = await ask(watchedService, 'eve@example.org').expect(202);
    expect(unknown.body).toEqual({ email: 'eve@example.org' });
    expect(Object.keys(unknown.headers)).toEqual(Object.keys(known.headers));
    expect(steps[0]).toHaveLength(7);
    expect(steps[1]).toEqual(steps[0]);
    expect(await purposes()).toEqual(['verification', 'password-reset']);
    expect(await types()).toEqual(['account.registered', 'account.verified', 'account.password-reset-requested']);
  });

  it('finds the account however the address is written', async () => {
    await ask(service, 'ADA@Example.ORG').expect(202);
    expect(await purposes()).toEqual(['verification', 'password-reset']);
  });

  it('sends three mails within an hour, also at once, and silently no more', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask().expect(202)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await purposes()).toHaveLength(1 + 3);
    expect(await types()).toHaveLength(2 + 3);
    await ask(startUntilEnd(database.pool, { now: inHours(1.01) })).expect(202);
    expect(await purposes()).toHaveLength(1 + 4);
  });

  it('sends an account that was never verified another link to verify it', async () => {
    await signUp(service, database.pool, 'eve@example.org');
    for (let n = 0; n < 4; n += 1) await ask(service, 'eve@example.org').expect(202);
    expect((await purposes()).slice(1)).toEqual(Array(3).fill('verification'));
    expect(await types()).not.toContain('account.password-reset-requested');
  });

  it.each([{}, { email: 'ada' }, { email, password: OTHER }, { email: 'аda@example.org' }])(
    'refuses %j',
    async (body) => {
      const answer = await post(service, '/accounts/password-reset', body).expect(400);
      expect(answer.body.code).toBe('validation-failed');
    },
  );
});

describe('PUT /accounts/password', () => {
  it('changes the password and ends all sessions', async () => {
    await addSession();
    const { body } = await reset(await resetToken()).expect(200);
    expect(body).toMatchObject({ id: ada, email });
    expect([await isPassword(OTHER), await isPassword(PASSWORD), await openSessions()]).toEqual([true, false, []]);
  });

  it('takes the same password too, and ends all sessions', async () => {
    await addSession();
    await reset(await resetToken(), PASSWORD).expect(200);
    expect([await isPassword(PASSWORD), await openSessions()]).toEqual([true, []]);
  });

  it('answers a repeat the same until the token expires, and ends no later session', async () => {
    const token = await resetToken();
    const first = await reset(token).expect(200);
    const session = await addSession();
    expect((await reset(token).expect(200)).text).toBe(first.text);
    expect(await openSessions()).toEqual([session]);
    expect((await reset(token, `${OTHER}!`).expect(400)).body.code).toBe('token-invalid');
    const later = startUntilEnd(database.pool, { now: inHours(3.01) });
    expect((await reset(token, OTHER, later).expect(400)).body.code).toBe('token-invalid');
  });

  it('has one effect for twins, in two processes', async () => {
    const other = startUntilEnd(database.pool, { hasher: createPasswordHasher(2) });
    const token = await resetToken();
    const twins = await Promise.all([reset(token), reset(token, OTHER, other)]);
    expect(twins.map(({ status }) => status)).toEqual([200, 200]);
    const different = await resetToken();
    const both = await Promise.all([reset(different, 'one horse battery staple'), reset(different, OTHER, other)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  it('ends the other links, those to the new mailbox of an address included', async () => {
    const asAda = await asShopper(ada);
    const change = { email: 'eve@example.org', password: PASSWORD };
    await put(service, '/accounts/me/email', change, asAda).expect(202);
    const confirmation = await tokenOf(database.pool, 'email-change');
    const [first, second] = [await resetToken(), await resetToken()];
    await reset(second).expect(200);
    expect((await reset(first).expect(400)).body.code).toBe('token-invalid');
    const confirm = request(service.http)
      .post('/accounts/me/email/confirmation')
      .set({ ...asAda, 'idempotency-key': 'k' })
      .send({ token: confirmation });
    expect((await confirm.expect(400)).body.code).toBe('token-invalid');
  });

  it('refuses tokens of other mails, made up ones, and those of mails that are gone', async () => {
    const verification = await tokenOf(database.pool, 'verification');
    const token = await resetToken();
    await removeExpired(database.pool, inHours(4.1)());
    for (const wrong of [verification, token, 'made up', 'A'.repeat(64)]) {
      expect((await reset(wrong).expect(400)).body.code).toBe('token-invalid');
    }
    expect(await isPassword(PASSWORD)).toBe(true);
  });

  it.each([
    ['a common password', 'password1', 400, 'validation-failed'],
    ['a short one', 'a1b2c3d', 400, 'validation-failed'],
    ['the mail address', 'ADA@example.org', 400, 'validation-failed'],
    ['1,001 characters', 'a'.repeat(1_001), 400, 'validation-failed'],
    ['1 MiB', 'a'.repeat(1024 * 1024), 413, 'payload-too-large'],
  ])('refuses %s, and the token stays usable', async (_what, password, status, code) => {
    const token = await resetToken();
    expect((await reset(token, password).expect(status)).body.code).toBe(code);
    await reset(token).expect(200);
  });

  it('does nothing when it fails before the commit, so that a repeat is judged afresh', async () => {
    const [token, session] = [await resetToken(), await addSession()];
    const asOwner = (sql: string) => withClient(database.ownerUrl, (client) => client.query(sql));
    await asOwner(`ALTER TABLE session_families ADD CONSTRAINT breaks CHECK (ended_at IS NULL)`);
    await reset(token).expect(500);
    await asOwner('ALTER TABLE session_families DROP CONSTRAINT breaks');
    expect([await isPassword(PASSWORD), await openSessions()]).toEqual([true, [session]]);
    await reset(token).expect(200);
  });
});

describe('PUT /accounts/me/password', () => {
  const change = async (body: object, sid: string = randomUUID(), at = service) =>
    put(at, '/accounts/me/password', body, await asShopper(ada, { claims: { sid } }));

  it('changes it, and ends all sessions but the own', async () => {
    const [own] = [await addSession(), await addSession()];
    expect((await change({ current: PASSWORD, password: OTHER }, own)).body).toMatchObject({ id: ada, email });
    expect([await isPassword(OTHER), await openSessions()]).toEqual([true, [own]]);
  });

  it('takes the same password too, and ends the other sessions', async () => {
    const [own] = [await addSession(), await addSession()];
    expect((await change({ current: PASSWORD, password: PASSWORD }, own)).status).toBe(200);
    expect(await openSessions()).toEqual([own]);
  });

  it('answers a repeat the same, and it is no failed attempt', async () => {
    const first = await change({ current: PASSWORD, password: OTHER });
    for (let n = 0; n < 12; n += 1) {
      const again = await change({ current: PASSWORD, password: OTHER });
      expect([again.status, again.text]).toEqual([200, first.text]);
    }
  });

  it('has one effect for twins, and lets one of two different ones win', async () => {
    const other = startUntilEnd(database.pool, { hasher: createPasswordHasher(2) });
    const wish = { current: PASSWORD, password: OTHER };
    const twins = await Promise.all([change(wish), change(wish, undefined, other)]);
    expect(twins.map(({ status }) => status)).toEqual([200, 200]);
    const both = await Promise.all([
      change({ current: OTHER, password: 'one horse battery staple' }),
      change({ current: OTHER, password: 'two horses battery staple' }, undefined, other),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it('refuses a wrong current password, each of which counts, until even the right one is refused', async () => {
    for (let n = 0; n < 10; n += 1) {
      const { status, body } = await change({ current: `${PASSWORD}${n}`, password: OTHER });
      expect([status, body.code]).toEqual([401, 'invalid-credentials']);
    }
    const refused = await change({ current: PASSWORD, password: OTHER });
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-attempts']);
    await reset(await resetToken()).expect(200);
    expect((await change({ current: OTHER, password: PASSWORD })).status).toBe(200);
  });

  it('ends the links in mails', async () => {
    const token = await resetToken();
    expect((await change({ current: PASSWORD, password: OTHER })).status).toBe(200);
    expect((await reset(token, PASSWORD).expect(400)).body.code).toBe('token-invalid');
  });

  it.each([
    ['no current password', { password: OTHER }],
    ['a common password', { current: PASSWORD, password: 'password1' }],
    ['the mail address', { current: PASSWORD, password: email }],
    ['a control character', { current: PASSWORD, password: `${OTHER}\u0000` }],
  ])('refuses %s', async (_what, body) => {
    expect((await change(body)).body.code).toBe('validation-failed');
    expect(await isPassword(PASSWORD)).toBe(true);
  });
});
