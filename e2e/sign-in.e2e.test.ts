/** Signing in through the gateway, as a page and as an app, while answers are lost and processes die. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { createMasterKey } from '@shop/account-service/master-key.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { v7 as uuidv7 } from 'uuid';
import { type Answer, type System, startSystem } from './system.ts';

const PASSWORD = 'correct horse battery staple';
const SHOPPER = { 'X-Caller': 'shopper' };
const STAFF = { 'X-Caller': 'staff' };

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

const query = (sql: string, values: unknown[]) =>
  withClient(system.env.ACCOUNT_DB_URL ?? '', async (client) => (await client.query(sql, values)).rows);
const post = (path: string, body: object | undefined, headers: Record<string, string>) =>
  system.anonymous('POST', path, body, headers);

/** Sign up with a new mail address. */
async function newShopper(): Promise<string> {
  const email = `${uuidv7()}@example.org`;
  await post('/accounts', { email }, {});
  const [mail] = await query('SELECT id FROM email_tokens WHERE email = $1', [email]);
  const token = toToken(createMasterKey([system.env.ACCOUNT_MASTER_KEY ?? '']), mail?.id);
  const answer = await post('/accounts/verification', { token, password: PASSWORD, name: 'Ada' }, {});
  expect(answer.status).toBe(201);
  return email;
}

/** The tokens of an app that has signed in. */
async function app(email: string): Promise<{ accessToken: string; refreshToken: string }> {
  const answer = await post('/sessions', { email, password: PASSWORD, bearer: true }, SHOPPER);
  expect([answer.status, answer.body.code]).toEqual([201, undefined]);
  return answer.body;
}
const refresh = (refreshToken: string) => post('/sessions/refresh', { refreshToken }, SHOPPER);
const bearer = (token: string, headers = SHOPPER) => ({ ...headers, Authorization: `Bearer ${token}` });

/** What a browser would send after these answers. */
function cookiesAfter(...answers: Answer[]): string {
  const pairs = answers.flatMap(({ headers }) => headers.getSetCookie()).map((line) => line.split(';')[0] ?? '');
  return [...new Map(pairs.map((pair) => [pair.split('=')[0], pair])).values()].join('; ');
}

it('keeps a page signed in by cookies until it signs out; its access token lives until it expires', async () => {
  const email = await newShopper();
  const signedIn = await post('/sessions', { email, password: PASSWORD }, SHOPPER);
  expect(signedIn.body).toEqual({ account: expect.objectContaining({ email }), expiresIn: 900 });
  expect(signedIn.headers.get('cache-control')).toBe('no-store');
  const refreshed = await post('/sessions/refresh', undefined, { ...SHOPPER, Cookie: cookiesAfter(signedIn) });
  expect(refreshed.status).toBe(200);
  const page = { ...SHOPPER, Cookie: cookiesAfter(signedIn, refreshed) };
  expect((await system.anonymous('GET', '/orders', undefined, page)).body.items).toEqual([]);
  const signedOut = await system.anonymous('DELETE', '/sessions/current', undefined, page);
  expect([signedOut.status, cookiesAfter(signedOut)]).toEqual([204, 'shopper=; shopper-refresh=']);
  const ended = await post('/sessions/refresh', undefined, page);
  expect([ended.status, ended.body.code]).toEqual([401, 'session-ended']);
  expect((await system.anonymous('GET', '/orders', undefined, page)).status).toBe(200);
});

it('gives the same successor to a repeat and to twins, and ends the session of a stolen token', async () => {
  const { refreshToken } = await app(await newShopper());
  const twins = await Promise.all(Array.from({ length: 6 }, () => refresh(refreshToken)));
  const successors = [...new Set(twins.map(({ body }) => body.refreshToken))];
  expect([twins.map(({ status }) => status), successors.length]).toEqual([Array(6).fill(200), 1]);
  const second = await refresh(successors[0]);
  expect(second.status).toBe(200);
  await query(
    /* sql */ `
    UPDATE sessions SET used_at = used_at - interval '31 s' WHERE family_id = (
      SELECT family_id FROM sessions WHERE token_hash = sha256($1))`,
    [Buffer.from(refreshToken, 'base64url')],
  );
  expect((await refresh(refreshToken)).body.code).toBe('session-ended');
  expect((await refresh(second.body.refreshToken)).body.code).toBe('session-ended');
});

it('logs nobody out while processes are killed in the middle of refreshes', async () => {
  const email = await newShopper();
  let current = (await app(email)).refreshToken;
  const first = current;
  let refreshed = 0;
  for (let n = 0; n < 3; n += 1) {
    const restarted = system.control('kill', 'account-1').then(() => system.control('start', 'account-1'));
    for (let each = 0; each < 8; each += 1) {
      // Without an answer, the same token is sent again.
      const answer = await eventually(async () => {
        const one = await refresh(current).catch(() => undefined);
        return one && one.status < 500 && one.status !== 429 ? one : undefined;
      });
      expect([answer.status, answer.body.code]).toEqual([200, undefined]);
      current = answer.body.refreshToken;
      refreshed += 1;
    }
    await restarted;
  }
  const [chain] = await query(
    /* sql */ `
    SELECT count(*)::int AS tokens, count(parent)::int AS successors FROM sessions WHERE family_id = (
      SELECT family_id FROM sessions WHERE token_hash = sha256($1))`,
    [Buffer.from(first, 'base64url')],
  );
  expect(chain).toEqual({ tokens: refreshed + 1, successors: refreshed });
});

it('invites staff by a command, whose link leads to the console', async () => {
  const cli = join(__dirname, '../commands/cli.ts');
  const staff = async (...args: string[]) => {
    const env = { ...process.env, LOCAL_DIR: system.folder };
    return JSON.parse((await promisify(execFile)(process.execPath, [cli, 'staff', ...args, '--json'], { env })).stdout);
  };
  const email = `${uuidv7()}@example.org`;
  const { link } = await staff('add', email, '--role', 'operations');
  expect(link).toMatch(new RegExp(`^${system.env.BASE_URL}/console/welcome#[\\w-]{64}$`));
  const asked = { token: link.split('#')[1], password: PASSWORD, name: 'Grace', bearer: true };
  const verified = await post('/accounts/verification', asked, STAFF);
  expect([verified.status, verified.body.account.roles]).toEqual([201, ['operations']]);
  const { accessToken, refreshToken } = verified.body;
  const letters = await system.anonymous(
    'GET',
    '/operations/orders/dead-letters',
    undefined,
    bearer(accessToken, STAFF),
  );
  expect(letters.status).toBe(200);
  expect(await staff('remove', email)).toMatchObject({ email, roles: [] });
  const ended = await post('/sessions/refresh', { refreshToken }, STAFF);
  expect([ended.status, ended.body.code]).toEqual([401, 'session-ended']);
});
