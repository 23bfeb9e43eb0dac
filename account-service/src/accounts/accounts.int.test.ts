import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import {
  type AccountService,
  outbox,
  PASSWORD,
  post,
  signUp,
  startOnOwnDatabase,
  startUntilEnd,
  tokensInMails,
} from '../../test/test-app.ts';
import { createPasswordHasher } from '../passwords/password-hasher.ts';
import { removeExpired } from '../remove-expired.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const email = 'ada@example.org';
const accounts = async () => (await database.pool.query('SELECT email, status, name FROM accounts ORDER BY id')).rows;
const purposes = async () =>
  (await database.pool.query('SELECT purpose FROM email_tokens ORDER BY id')).rows.map(({ purpose }) => purpose);
const verify = (token: string, more: object = {}, at = service) =>
  post(at, '/accounts/verification', { token, password: PASSWORD, name: 'Ada Lovelace', ...more });
const inDays = (days: number) => () => new Date(Date.now() + days * 24 * 3_600_000);

describe('POST /accounts', () => {
  it('creates an account without a password, and reports the mail that is to be sent', async () => {
    const { body } = await post(service, '/accounts', { email, locale: 'de-AT' }).expect(202);
    expect(body).toEqual({ email });
    expect(await accounts()).toEqual([{ email, status: 'unverified', name: null }]);
    const { rows } = await database.pool.query('SELECT id, account_id FROM email_tokens');
    expect(await outbox(database.pool)).toEqual([
      { type: 'account.registered', payload: { accountId: rows[0].account_id, mailId: rows[0].id } },
    ]);
    expect((await database.pool.query('SELECT FROM credentials')).rowCount).toBe(0);
  });

  it('answers the same for the address of an account, whose mail says so', async () => {
    const first = await post(service, '/accounts', { email }).expect(202);
    await verify((await tokensInMails(database.pool))[0] ?? '').expect(201);
    const known = await post(service, '/accounts', { email }).expect(202);
    expect([known.text, Object.keys(known.headers)]).toEqual([first.text, Object.keys(first.headers)]);
    expect(await purposes()).toEqual(['verification', 'account-exists']);
    expect((await outbox(database.pool)).map(({ type }) => type)).toEqual([
      ...['account.registered', 'account.verified', 'account.registered'],
    ]);
  });

  it('is one account however often and however the address is written, also at once', async () => {
    const written = [email, 'Ada@Example.org', 'ADA@EXAMPLE.ORG'];
    await Promise.all(written.map((email) => post(service, '/accounts', { email }).expect(202)));
    expect(await accounts()).toHaveLength(1);
  });

  it('sends three mails within an hour, and silently no more', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => post(service, '/accounts', { email }).expect(202)),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await purposes()).toHaveLength(3);
    expect(await outbox(database.pool)).toHaveLength(3);
    const later = startUntilEnd(database.pool, { now: inDays(1 / 20) });
    await post(later, '/accounts', { email }).expect(202);
    expect(await purposes()).toHaveLength(4);
  });

  it('counts both kinds of mail of a sign-up together, so that their number tells nothing', async () => {
    await verify(await signUp(service, database.pool)).expect(201);
    for (let n = 0; n < 4; n += 1) await post(service, '/accounts', { email }).expect(202);
    expect(await purposes()).toEqual(['verification', 'account-exists', 'account-exists']);
  });

  it.each([
    ['no address', {}],
    ['an address without a domain', { email: 'ada' }],
    ['an address with a line break', { email: 'ada@example.org\nbcc: eve@example.org' }],
    ['an address that is too long', { email: `${'a'.repeat(250)}@example.org` }],
    ['a locale that is none', { email, locale: '../de' }],
    ['a password', { email, password: PASSWORD }],
  ])('refuses %s', async (_what, body) => {
    expect((await post(service, '/accounts', body).expect(400)).body.code).toBe('validation-failed');
    expect(await accounts()).toEqual([]);
  });
});

describe('POST /accounts/verification', () => {
  it('makes the account active, with its name and password', async () => {
    const token = await signUp(service, database.pool);
    const { body } = await verify(token).expect(201);
    expect(body).toEqual({
      account: { id: expect.any(String), email, name: 'Ada Lovelace', locale: 'en', roles: [], version: 2 },
    });
    expect(await accounts()).toEqual([{ email, status: 'active', name: 'Ada Lovelace' }]);
    expect((await outbox(database.pool)).at(-1)).toEqual({
      type: 'account.verified',
      payload: { accountId: body.account.id },
    });
    const { rows } = await database.pool.query('SELECT hash FROM credentials');
    expect(rows[0].hash).toHaveLength(32);
  });

  it('answers a repeat the same, and does nothing again', async () => {
    const token = await signUp(service, database.pool);
    const first = await verify(token).expect(201);
    const again = await verify(token).expect(201);
    expect(again.text).toBe(first.text);
    expect(await outbox(database.pool)).toHaveLength(2);
  });

  it('has one effect for twins, in two processes', async () => {
    const other = startUntilEnd(database.pool, { hasher: createPasswordHasher(2) });
    const token = await signUp(service, database.pool);
    const twins = await Promise.all([verify(token), verify(token, {}, other)]);
    expect(twins.map(({ status }) => status)).toEqual([201, 201]);
    expect(twins[0]?.text).toBe(twins[1]?.text);
    expect(await outbox(database.pool)).toHaveLength(2);
  });

  it.each([
    ['another password', { password: `${PASSWORD}!` }],
    ['another name', { name: 'Eve' }],
  ])('refuses a used token with %s', async (_what, more) => {
    const token = await signUp(service, database.pool);
    await verify(token).expect(201);
    expect((await verify(token, more).expect(400)).body.code).toBe('token-invalid');
    expect(await accounts()).toEqual([{ email, status: 'active', name: 'Ada Lovelace' }]);
    await verify(token).expect(201);
  });

  it('takes any one of several mails, after which the others are spent', async () => {
    await signUp(service, database.pool);
    await signUp(service, database.pool);
    const [first = '', second = ''] = await tokensInMails(database.pool);
    await verify(second).expect(201);
    expect((await verify(first).expect(400)).body.code).toBe('token-invalid');
    expect(await outbox(database.pool)).toHaveLength(3);
  });

  it('takes one of two mails at once', async () => {
    await signUp(service, database.pool);
    await signUp(service, database.pool);
    const [first = '', second = ''] = await tokensInMails(database.pool);
    const both = await Promise.all([verify(first), verify(second, { name: 'Countess Lovelace' })]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 400]);
    expect((await outbox(database.pool)).filter(({ type }) => type === 'account.verified')).toHaveLength(1);
  });

  it('refuses a token after 24 hours, used or not', async () => {
    const [later, used, unused] = [
      startUntilEnd(database.pool, { now: inDays(1.01) }),
      await signUp(service, database.pool),
      await signUp(service, database.pool, 'eve@example.org'),
    ];
    await verify(used).expect(201);
    for (const token of [used, unused]) {
      expect((await verify(token, {}, later).expect(400)).body.code).toBe('token-invalid');
    }
  });

  it('refuses the note to an existing account, and a token that was made up', async () => {
    await verify(await signUp(service, database.pool)).expect(201);
    const note = await signUp(service, database.pool);
    for (const token of [note, 'made up', 'A'.repeat(64)]) {
      expect((await verify(token).expect(400)).body.code).toBe('token-invalid');
    }
  });

  it.each([
    ['a common password', { password: 'password1' }, '/password'],
    ['a short one', { password: 'a1b2c3d' }, '/password'],
    ['the mail address as password', { password: 'ADA@example.org' }, '/password'],
    ['no name', { name: '' }, '/name'],
  ])('refuses %s, and the token stays usable', async (_what, more, pointer) => {
    const token = await signUp(service, database.pool);
    const { body } = await verify(token, more).expect(400);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] });
    await verify(token).expect(201);
  });

  it('does nothing when it fails before the commit, so that a repeat is judged afresh', async () => {
    const token = await signUp(service, database.pool);
    await withClient(database.ownerUrl, (client) =>
      client.query(`ALTER TABLE outbox_messages ADD CONSTRAINT breaks CHECK (body NOT LIKE '%verified%')`),
    );
    await verify(token).expect(500);
    await withClient(database.ownerUrl, (client) => client.query('ALTER TABLE outbox_messages DROP CONSTRAINT breaks'));
    expect(await accounts()).toEqual([{ email, status: 'unverified', name: null }]);
    expect((await database.pool.query('SELECT FROM credentials')).rowCount).toBe(0);
    await verify(token).expect(201);
  });
});

describe('what has expired', () => {
  it('is removed: mails after their tokens, and accounts that were never verified', async () => {
    await verify(await signUp(service, database.pool)).expect(201);
    await signUp(service, database.pool, 'eve@example.org');
    await removeExpired(database.pool, inDays(1)());
    expect(await purposes()).toHaveLength(2);
    await removeExpired(database.pool, inDays(1.1)());
    expect(await purposes()).toEqual([]);
    expect(await accounts()).toHaveLength(2);
    await removeExpired(database.pool, inDays(7.1)());
    expect(await accounts()).toEqual([{ email, status: 'active', name: 'Ada Lovelace' }]);
  });

  it('is not removed while a sign-up uses it again', async () => {
    await signUp(service, database.pool);
    const later = startUntilEnd(database.pool, { now: inDays(8) });
    const token = await signUp(later, database.pool);
    await removeExpired(database.pool, inDays(8)());
    expect(await accounts()).toHaveLength(1);
    await verify(token, {}, later).expect(201);
  });
});
