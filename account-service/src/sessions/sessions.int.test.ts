import { argon2Sync } from 'node:crypto';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import {
  type AccountService,
  masterKey,
  PASSWORD,
  post,
  remove,
  signUp,
  startOnOwnDatabase,
  startUntilEnd,
} from '../../test/test-app.ts';
import { createMasterKey } from '../master-key.ts';
import { removeExpired } from '../remove-expired.ts';
import { rotateKeys } from '../signing-keys/rotate-keys.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  // The one before knows keys that are gone.
  service = startUntilEnd(database.pool);
  await member('ada@example.org');
});

const SHOPPER = { 'x-caller': 'shopper' };
const STAFF = { 'x-caller': 'staff' };
const credentials = { email: 'ada@example.org', password: PASSWORD };
const later = (seconds: number) => startUntilEnd(database.pool, { now: () => new Date(Date.now() + seconds * 1000) });

async function member(email: string, ...roles: string[]): Promise<void> {
  const token = await signUp(service, database.pool, email);
  await post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Ada' }).expect(201);
  await database.pool.query('UPDATE accounts SET roles = $2 WHERE email = $1', [email, roles]);
}
const signIn = (body: object = {}, headers: Record<string, string> = SHOPPER, at = service) =>
  post(at, '/sessions', { ...credentials, ...body }, headers);
/** The tokens of an app that has signed in. */
async function signedIn(headers = SHOPPER, at = service): Promise<{ accessToken: string; refreshToken: string }> {
  return (await signIn({ bearer: true }, headers, at).expect(201)).body;
}
const refresh = (refreshToken: string, headers: Record<string, string> = SHOPPER, at = service) =>
  post(at, '/sessions/refresh', { refreshToken }, headers);
const bearer = (token: string, headers = SHOPPER) => ({ ...headers, authorization: `Bearer ${token}` });
const cookiesOf = ({ headers }: { headers: Record<string, unknown> }) => (headers['set-cookie'] ?? []) as string[];
const cookieIn = (cookies: readonly string[], name: string) =>
  cookies.map((line) => line.split(';')[0]?.split('=') ?? []).find(([key]) => key === name)?.[1] ?? '';
/** The hash of the password under other parameters, with the salt that is stored. */
async function hashWith(passes: number): Promise<Buffer> {
  const { rows } = await database.pool.query('SELECT salt, memory_kib FROM credentials');
  const { salt: nonce, memory_kib: memory } = rows[0];
  return argon2Sync('argon2id', { message: PASSWORD, nonce, memory, passes, parallelism: 1, tagLength: 32 });
}
const waitingForLock = () =>
  eventually(async () => {
    const { rowCount } = await database.pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return (rowCount ?? 0) > 0 || undefined;
  });
const reasons = async () =>
  (await database.pool.query('SELECT end_reason FROM session_families ORDER BY id')).rows.map((row) => row.end_reason);

describe('POST /sessions', () => {
  it('gives a page its tokens in cookies that scripts and other sites cannot use', async () => {
    const answer = await signIn().expect(201);
    expect(answer.body).toEqual({ account: expect.objectContaining({ email: credentials.email }), expiresIn: 900 });
    expect(answer.headers['cache-control']).toBe('no-store');
    const [access = '', refresh = ''] = cookiesOf(answer);
    expect(access).toMatch(
      /^__Host-shopper=[\w.-]+; Max-Age=900; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(refresh).toMatch(
      /^__Secure-shopper-refresh=[\w-]{43}; Max-Age=2592000; Path=\/sessions; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
    );
    await remove(service, '/sessions/current', { ...SHOPPER, cookie: access.split(';')[0] ?? '' }).expect(204);
  });

  it('gives an app its tokens in the response, and no cookie', async () => {
    const answer = await signIn({ bearer: true }).expect(201);
    expect(cookiesOf(answer)).toEqual([]);
    const { accessToken, account } = answer.body;
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', kid: expect.stringMatching(/^shop-/) });
    const { rows } = await database.pool.query('SELECT id FROM session_families');
    const { iat = 0, ...claims } = decodeJwt(accessToken);
    expect(claims).toEqual({ iss: 'account-service', aud: 'shop', sub: account.id, sid: rows[0].id, exp: iat + 900 });
  });

  it('gives staff a token for the console, with the roles, for five minutes', async () => {
    await member('eve@example.org', 'operations', 'backoffice');
    const { body } = await signIn({ email: 'eve@example.org', bearer: true }, STAFF).expect(201);
    expect(body.expiresIn).toBe(300);
    expect(decodeJwt(body.accessToken)).toMatchObject({ aud: 'console', roles: ['operations', 'backoffice'] });
    await remove(service, '/sessions/current', bearer(body.accessToken, STAFF)).expect(204);
    await remove(service, '/sessions/current', bearer(body.accessToken)).expect(401);
  });

  it('names cookies without prefixes under plain HTTP, which is for development', async () => {
    const development = startUntilEnd(database.pool, { publicUrl: 'http://127.0.0.1:8000' });
    const [access, refresh] = cookiesOf(await signIn({}, SHOPPER, development).expect(201));
    expect(access).toMatch(/^shopper=.*; HttpOnly; SameSite=Lax$/);
    expect(refresh).toMatch(/^shopper-refresh=.*Path=\/sessions; .*HttpOnly; SameSite=Lax$/);
  });

  it('does not care about the case of the mail address', async () => {
    await signIn({ email: 'ADA@Example.ORG' }).expect(201);
  });

  it('does not read an access token that comes with it, because it may have expired', async () => {
    await signIn({}, { ...SHOPPER, cookie: '__Host-shopper=old; __Host-shopper=twice' }).expect(201);
  });

  it.each([
    ['a wrong password', { password: `${PASSWORD}!` }, SHOPPER],
    ['an unknown address', { email: 'eve@example.org' }, SHOPPER],
    ['staff without a role', {}, STAFF],
  ])('refuses %s with one and the same answer', async (_what, body, headers) => {
    const answer = await signIn(body, headers).expect(401);
    expect(answer.body).toMatchObject({
      code: 'invalid-credentials',
      detail: 'The mail address or the password is wrong.',
    });
    expect([cookiesOf(answer), answer.headers['cache-control']]).toEqual([[], 'no-store']);
    expect(await reasons()).toEqual([]);
  });

  it('refuses an account whose mailbox has not answered', async () => {
    await signUp(service, database.pool, 'eve@example.org');
    await signIn({ email: 'eve@example.org' }).expect(401);
  });

  it.each([
    ['without X-Caller', {}, {}, 400, 'validation-failed'],
    ['with another X-Caller', {}, { 'x-caller': 'admin' }, 400, 'validation-failed'],
    ['from a page of another site', {}, { ...SHOPPER, 'sec-fetch-site': 'cross-site' }, 403, 'forbidden'],
    ['with an unknown member', { remember: true }, SHOPPER, 400, 'validation-failed'],
    ['with an address in Unicode', { email: 'äda@example.org' }, SHOPPER, 400, 'validation-failed'],
    ['with NUL in the password', { password: 'correct\0horse' }, SHOPPER, 400, 'validation-failed'],
    ['with a password of 1 MiB', { password: 'x'.repeat(1 << 20) }, SHOPPER, 413, 'payload-too-large'],
    ['with a password of 1,001 characters', { password: '😀'.repeat(1_001) }, SHOPPER, 400, 'validation-failed'],
  ] as [string, object, Record<string, string>, number, string][])(
    'is refused %s',
    async (_how, body, headers, status, code) => {
      expect((await signIn(body, headers).expect(status)).body.code).toBe(code);
    },
  );

  it('hashes a password again whose parameters were raised', async () => {
    const stored = async () => (await database.pool.query('SELECT passes, hash FROM credentials')).rows[0];
    const before = await stored();
    await database.pool.query('UPDATE credentials SET passes = 1, hash = $1', [await hashWith(1)]);
    await signIn().expect(201);
    const after = await stored();
    expect([after.passes, after.hash.equals(before.hash)]).toEqual([2, false]);
    await signIn().expect(201);
    expect(await stored()).toEqual(after);
  });

  it('gives no session to a password that is changed at the same time', async () => {
    const changing = await database.pool.connect();
    await changing.query('BEGIN');
    await changing.query(`UPDATE credentials SET hash = 'changed'`);
    const answer = signIn().then(({ status }) => status);
    await waitingForLock();
    await changing.query('COMMIT');
    changing.release();
    expect(await answer).toBe(401);
    expect(await reasons()).toEqual([]);
  });

  it('signs with the key whose turn it is, and what was signed before stays valid', async () => {
    const first = await signedIn();
    await rotateKeys({ pool: database.pool, masterKey });
    await database.pool.query(
      `UPDATE signing_keys SET signs_from = signs_from - interval '61 s', signs_until = signs_until - interval '61 s'`,
    );
    const second = await signedIn(SHOPPER, startUntilEnd(database.pool));
    const [before, after] = [first, second].map(({ accessToken }) => decodeProtectedHeader(accessToken).kid);
    expect(after).not.toBe(before);
    for (const { accessToken } of [first, second]) {
      await remove(service, '/sessions/current', bearer(accessToken)).expect(204);
    }
  });
});

describe('POST /sessions/refresh', () => {
  it('gives a page the next pair in cookies', async () => {
    const cookies = cookiesOf(await signIn().expect(201));
    const token = cookieIn(cookies, '__Secure-shopper-refresh');
    const cookie = `__Secure-shopper-refresh=${token}`;
    const answer = await post(service, '/sessions/refresh', {}, { ...SHOPPER, cookie }).expect(200);
    expect(answer.body).toEqual({ account: expect.anything(), expiresIn: 900 });
    expect(cookieIn(cookiesOf(answer), '__Secure-shopper-refresh')).not.toBe(token);
    expect(cookieIn(cookiesOf(answer), '__Host-shopper')).toMatch(/^ey/);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('gives an app the next pair in the response, and no cookie', async () => {
    const { refreshToken } = await signedIn();
    const answer = await refresh(refreshToken).expect(200);
    expect(answer.body).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String) });
    expect([cookiesOf(answer), answer.body.refreshToken === refreshToken]).toEqual([[], false]);
  });

  it('gives the same successor to a repeat whose answer was lost, also much later', async () => {
    const { refreshToken } = await signedIn();
    const first = await refresh(refreshToken).expect(200);
    for (const at of [service, later(60), later(24 * 3600)]) {
      const again = await refresh(refreshToken, SHOPPER, at).expect(200);
      expect(again.body.refreshToken).toBe(first.body.refreshToken);
    }
    await refresh(first.body.refreshToken).expect(200);
  });

  it('gives twins one successor, in two processes', async () => {
    const { refreshToken } = await signedIn();
    const other = startUntilEnd(database.pool);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => refresh(refreshToken, SHOPPER, n % 2 ? service : other).expect(200)),
    );
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    expect((await database.pool.query('SELECT FROM sessions')).rowCount).toBe(2);
  });

  it('takes a used token for 30 seconds, even if its successor was used', async () => {
    const { refreshToken } = await signedIn();
    const { body: second } = await refresh(refreshToken).expect(200);
    await refresh(second.refreshToken).expect(200);
    expect((await refresh(refreshToken).expect(200)).body.refreshToken).toBe(second.refreshToken);
  });

  it('ends the session when a used token comes later, whoever sends it', async () => {
    const { refreshToken } = await signedIn();
    const { body: second } = await refresh(refreshToken).expect(200);
    const { body: third } = await refresh(second.refreshToken).expect(200);
    const at = later(31);
    expect((await refresh(refreshToken, SHOPPER, at).expect(401)).body.code).toBe('session-ended');
    expect(await reasons()).toEqual(['theft']);
    for (const token of [second, third]) await refresh(token.refreshToken, SHOPPER, at).expect(401);
  });

  it('gives the successor again after the master key was replaced', async () => {
    const { refreshToken } = await signedIn();
    const first = await refresh(refreshToken).expect(200);
    const replaced = createMasterKey(['n'.repeat(32), 'm'.repeat(32)]);
    const again = await refresh(refreshToken, SHOPPER, startUntilEnd(database.pool, { masterKey: replaced }));
    expect([again.status, again.body.refreshToken]).toEqual([200, first.body.refreshToken]);
  });

  it('reads the roles of now, and refuses staff whose last role went', async () => {
    await database.pool.query(`UPDATE accounts SET roles = '{backoffice,operations}'`);
    const { refreshToken } = await signedIn(STAFF);
    await database.pool.query(`UPDATE accounts SET roles = '{operations}'`);
    const { body } = await refresh(refreshToken, STAFF).expect(200);
    expect(decodeJwt(body.accessToken).roles).toEqual(['operations']);
    await database.pool.query(`UPDATE accounts SET roles = '{}'`);
    expect((await refresh(body.refreshToken, STAFF).expect(401)).body.code).toBe('session-ended');
  });

  it.each([
    ['of a shopper after 30 days', SHOPPER, 30 * 24 * 3600],
    ['of staff after 12 hours', STAFF, 12 * 3600],
  ])('refuses the session %s, however often it was refreshed', async (_whose, headers, seconds) => {
    await database.pool.query(`UPDATE accounts SET roles = '{operations}'`);
    const { refreshToken } = await signedIn(headers);
    const last = await refresh(refreshToken, headers, later(seconds - 60)).expect(200);
    expect(last.body.expiresIn).toBeLessThanOrEqual(60);
    await refresh(last.body.refreshToken, headers, later(seconds)).expect(401);
  });

  it('has no effect when the process dies before the commit, and a repeat is judged afresh', async () => {
    const { refreshToken } = await signedIn();
    const trx = await database.pool.connect();
    await trx.query('BEGIN');
    await trx.query('UPDATE sessions SET used_at = now()');
    await trx.query('ROLLBACK');
    trx.release();
    await refresh(refreshToken).expect(200);
  });

  it.each<[string, (token: string) => [body: object, cookie: string | undefined], number, string]>([
    ['without a token', () => [{}, undefined], 401, 'not-signed-in'],
    [
      'with two cookies',
      (t) => [{}, `__Secure-shopper-refresh=${t}; __Secure-shopper-refresh=${t}`],
      401,
      'not-signed-in',
    ],
    ['with a cookie and a token', (t) => [{ refreshToken: t }, `__Secure-shopper-refresh=${t}`], 401, 'not-signed-in'],
    ['with the cookie of the other kind', (t) => [{}, `__Secure-staff-refresh=${t}`], 401, 'not-signed-in'],
    ['with the cookie without its prefix', (t) => [{}, `shopper-refresh=${t}`], 401, 'not-signed-in'],
    ['with an invented token', () => [{ refreshToken: 'A'.repeat(43) }, undefined], 401, 'session-ended'],
    ['with what is no token', () => [{ refreshToken: '../..' }, undefined], 401, 'session-ended'],
    ['with the same token in another form', (t) => [{ refreshToken: `${t}=` }, undefined], 401, 'session-ended'],
    ['with a number', () => [{ refreshToken: 1 }, undefined], 400, 'validation-failed'],
  ])('is refused %s', async (_how, make, status, code) => {
    const [body, cookie] = make((await signedIn()).refreshToken);
    const answer = await post(service, '/sessions/refresh', body, { ...SHOPPER, ...(cookie && { cookie }) });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await reasons()).toEqual([null]);
  });

  it('is refused for the other kind of caller and without one, and the token stays usable', async () => {
    const { refreshToken } = await signedIn();
    await refresh(refreshToken, STAFF).expect(401);
    await refresh(refreshToken, {}).expect(400);
    await refresh(refreshToken).expect(200);
  });

  it('takes the cookies from a page whose session has ended', async () => {
    const cookie = `__Secure-shopper-refresh=${'A'.repeat(43)}`;
    const answer = await post(service, '/sessions/refresh', {}, { ...SHOPPER, cookie }).expect(401);
    expect(cookiesOf(answer).map((line) => line.split(';')[0])).toEqual([
      '__Host-shopper=',
      '__Secure-shopper-refresh=',
    ]);
  });
});

describe('DELETE /sessions/current', () => {
  it('ends the session and removes the cookies; the access token lives until it expires', async () => {
    const cookies = cookiesOf(await signIn().expect(201));
    const access = `__Host-shopper=${cookieIn(cookies, '__Host-shopper')}`;
    const cookie = `__Secure-shopper-refresh=${cookieIn(cookies, '__Secure-shopper-refresh')}`;
    const answer = await remove(service, '/sessions/current', { ...SHOPPER, cookie: access }).expect(204);
    expect(cookiesOf(answer).map((line) => line.split(';')[0])).toEqual([
      '__Host-shopper=',
      '__Secure-shopper-refresh=',
    ]);
    expect((await post(service, '/sessions/refresh', {}, { ...SHOPPER, cookie }).expect(401)).body.code).toBe(
      'session-ended',
    );
    await remove(service, '/sessions/current', { ...SHOPPER, cookie: access }).expect(204);
    expect(await reasons()).toEqual(['signed-out']);
  });

  it('leaves other sessions of the account', async () => {
    const [first, second] = [await signedIn(), await signedIn()];
    await remove(service, '/sessions/current', bearer(first.accessToken)).expect(204);
    await refresh(first.refreshToken).expect(401);
    await refresh(second.refreshToken).expect(200);
  });

  it('wins over a refresh at the same time', async () => {
    const { accessToken, refreshToken } = await signedIn();
    const rounds = await Promise.all([
      refresh(refreshToken),
      remove(service, '/sessions/current', bearer(accessToken)).expect(204),
      refresh(refreshToken),
    ]);
    const successor = rounds.map(({ body }) => body.refreshToken).find(Boolean) ?? refreshToken;
    await refresh(successor).expect(401);
    await refresh(refreshToken).expect(401);
  });

  it('needs an access token', async () => {
    expect((await remove(service, '/sessions/current', SHOPPER).expect(401)).body.code).toBe('not-signed-in');
  });
});

describe('DELETE /sessions', () => {
  it('ends all sessions of the account, in shop and console, and of no other', async () => {
    await database.pool.query(`UPDATE accounts SET roles = '{operations}'`);
    await member('eve@example.org');
    const [shop, console] = [await signedIn(), await signedIn(STAFF)];
    const { body: hers } = await signIn({ email: 'eve@example.org', bearer: true }).expect(201);
    await remove(service, '/sessions', bearer(shop.accessToken)).expect(204);
    await refresh(shop.refreshToken).expect(401);
    await refresh(console.refreshToken, STAFF).expect(401);
    await refresh(hers.refreshToken).expect(200);
  });
});

describe('POST /accounts/verification', () => {
  const verification = async () => ({
    token: await signUp(service, database.pool, 'new@example.org'),
    ...{ password: PASSWORD, name: 'New' },
  });

  it('signs a page in', async () => {
    const answer = await post(service, '/accounts/verification', await verification(), SHOPPER).expect(201);
    expect(answer.body).toEqual({ account: expect.objectContaining({ email: 'new@example.org' }), expiresIn: 900 });
    expect(cookiesOf(answer)).toHaveLength(2);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('signs an app in, again if it repeats', async () => {
    const asked = { ...(await verification()), bearer: true };
    for (const _ of ['first', 'again']) {
      const { body } = await post(service, '/accounts/verification', asked, SHOPPER).expect(201);
      await refresh(body.refreshToken).expect(200);
    }
  });

  it('gives no session without X-Caller, nor for staff without a role', async () => {
    const asked = await verification();
    await post(service, '/accounts/verification', { ...asked, bearer: true }).expect(400);
    for (const headers of [{}, STAFF]) {
      const answer = await post(service, '/accounts/verification', asked, headers).expect(201);
      expect([Object.keys(answer.body), cookiesOf(answer)]).toEqual([['account'], []]);
    }
  });
});

describe('sessions that are over', () => {
  it('are removed with their tokens: expired ones, and ended ones after a day', async () => {
    const { accessToken } = await signedIn();
    await signedIn();
    await remove(service, '/sessions/current', bearer(accessToken)).expect(204);
    const left = async (days: number) => {
      await removeExpired(database.pool, new Date(Date.now() + days * 24 * 3_600_000));
      const { rows } = await database.pool.query(
        'SELECT (SELECT count(*) FROM session_families)::int AS sessions, (SELECT count(*) FROM sessions)::int AS tokens',
      );
      return [rows[0].sessions, rows[0].tokens];
    };
    expect(await left(0.9)).toEqual([2, 2]);
    expect(await left(1.1)).toEqual([1, 1]);
    expect(await left(30.1)).toEqual([0, 0]);
  });
});
