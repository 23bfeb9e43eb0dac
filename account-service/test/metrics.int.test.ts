import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import request from 'supertest';
import { createPasswordHasher } from '../src/passwords/password-hasher.ts';
import { measureKeys } from '../src/signing-keys/measure-keys.ts';
import { rotateKeys } from '../src/signing-keys/rotate-keys.ts';
import {
  type AccountService,
  createAccount,
  keepBusy,
  masterKey,
  PASSWORD,
  post,
  startOnOwnDatabase,
  startUntilEnd,
} from './test-app.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  service = startUntilEnd(database.pool);
  await createAccount(service, database.pool);
});

const SHOPPER = { 'x-caller': 'shopper' };
const STAFF = { 'x-caller': 'staff' };
const signIn = (body: object = {}, headers: Record<string, string> = SHOPPER, at = service) =>
  post(at, '/sessions', { email: 'ada@example.org', password: PASSWORD, bearer: true, ...body }, headers);
const refresh = (refreshToken: string, at = service) => post(at, '/sessions/refresh', { refreshToken }, SHOPPER);

/** The values of a metric above zero as `GET /metrics` shows them, by its labels. */
async function exported(name: string, at = service): Promise<Record<string, number>> {
  const { text } = await request(at.http).get('/metrics').expect(200);
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && !line.endsWith(' 0'));
  return Object.fromEntries(
    lines.map((line) => {
      const labels = [...line.matchAll(/(caller|outcome|audience)="([^"]*)"/g)].map(([, , value]) => value);
      return [labels.join(' '), Number(line.split(' ').at(-1))];
    }),
  );
}

describe('sign_ins_total', () => {
  it('counts each outcome by caller', async () => {
    await signIn().expect(201);
    await signIn({}, STAFF).expect(401);
    for (let n = 0; n < 10; n += 1) await signIn({ email: 'eve@example.org', password: 'wrong' }).expect(401);
    await signIn({ email: 'eve@example.org' }).expect(429);
    expect(await exported('sign_ins_total')).toEqual({
      'shopper signed-in': 1,
      'staff invalid-credentials': 1,
      'shopper invalid-credentials': 10,
      'shopper too-many-attempts': 1,
    });
  });

  it('counts those that found the queue of the hashes full', async () => {
    const hasher = createPasswordHasher(1);
    const busy = startUntilEnd(database.pool, { hasher });
    const release = keepBusy(hasher);
    await Promise.all([1, 2, 3].map((n) => signIn({ email: `u${n}@example.org` }, SHOPPER, busy).expect(503)));
    await release();
    await signIn({ email: 'u4@example.org' }, SHOPPER, busy).expect(401);
    expect(await exported('sign_ins_total', busy)).toEqual({
      'shopper overloaded': 3,
      'shopper invalid-credentials': 1,
    });
  });

  it('does not count a request that could not be understood', async () => {
    await signIn({ password: undefined }).expect(400);
    await signIn({}, {}).expect(400);
    expect(await exported('sign_ins_total')).toEqual({});
  });
});

it('session_refreshes_total counts first uses, repeats, ended sessions and theft', async () => {
  const { refreshToken: first } = (await signIn().expect(201)).body;
  const { refreshToken: second } = (await refresh(first).expect(200)).body;
  await refresh(first).expect(200);
  await refresh(second).expect(200);
  const later = startUntilEnd(database.pool, { now: () => new Date(Date.now() + 31_000) });
  await refresh(first, later).expect(401);
  expect(await exported('session_refreshes_total', later)).toEqual({ 'shopper theft': 1 });
  await refresh(second).expect(401);
  await refresh('unknown').expect(401);
  expect(await exported('session_refreshes_total')).toEqual({
    'shopper successor': 2,
    'shopper repeat': 1,
    'shopper ended': 2,
  });
});

it('signing_key_remaining_seconds falls with the age of the newest key, and begins again with a rotation', async () => {
  const deps = { pool: database.pool, masterKey };
  const now = () => new Date();
  const remainingDays = async () => {
    await measureKeys({ ...deps, metrics: service.metrics, now });
    const remaining = await exported('signing_key_remaining_seconds');
    return Object.fromEntries(
      Object.entries(remaining).map(([audience, seconds]) => [audience, Math.round(seconds / 86_400)]),
    );
  };
  expect(await remainingDays()).toEqual({ shop: 90, console: 90 });
  await withClient(database.ownerUrl, (client) =>
    client.query(`UPDATE signing_keys SET created_at = created_at - make_interval(days => $1)`, [95]),
  );
  expect(await remainingDays()).toEqual({ shop: -5, console: -5 });
  // The successors wait to sign, but from here on nobody has to do anything.
  await rotateKeys(deps);
  expect(await remainingDays()).toEqual({ shop: 90, console: 90 });
});
