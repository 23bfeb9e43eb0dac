import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import {
  type AccountService,
  keepBusy,
  PASSWORD,
  post,
  signUp,
  startOnOwnDatabase,
  startUntilEnd,
} from '../../test/test-app.ts';
import { createPasswordHasher } from '../passwords/password-hasher.ts';
import { removeExpired } from '../remove-expired.ts';
import { clearFailures, countAttempt, takeBack } from './attempts.ts';

let database: TestDatabase;
let service: AccountService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());

const email = 'ada@example.org';
const now = new Date();
const inMinutes = (minutes: number) => new Date(Number(now) + minutes * 60_000);
/** The seconds to wait, or `counted`. */
const attempt = (claim: { email?: string; address?: string } = {}, at = now) =>
  countAttempt(database.pool, { email, address: '192.0.2.1', ...claim }, at).then(
    () => 'counted',
    (error) => error.retryAfterSeconds ?? error,
  );
const times = async (count: number, work: () => Promise<unknown>) => {
  const outcomes: unknown[] = [];
  for (let n = 0; n < count; n += 1) outcomes.push(await work());
  return outcomes;
};

describe('failed attempts', () => {
  it('are refused beyond ten by account and address, until the first is 15 minutes old', async () => {
    expect(await times(10, attempt)).toEqual(Array(10).fill('counted'));
    expect(await attempt()).toBe(15 * 60);
    expect(await attempt({ email: 'ADA@example.org' }, inMinutes(14))).toBe(60);
    expect(await attempt({ address: '192.0.2.2' })).toBe('counted');
    expect(await attempt({ email: 'eve@example.org' })).toBe('counted');
    expect(await attempt({}, inMinutes(15))).toBe('counted');
  });

  it('are never more than ten, however many attempts come at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => attempt()));
    expect(outcomes.filter((outcome) => outcome === 'counted')).toHaveLength(10);
  });

  it('are refused beyond a hundred by address, of IPv6 by the network', async () => {
    let host = 0;
    const next = () => {
      host += 1;
      return attempt({ email: `p${host}@example.org`, address: `2001:db8::${host.toString(16)}` });
    };
    expect(await times(100, next)).toEqual(Array(100).fill('counted'));
    expect(await next()).toBe(15 * 60);
    expect(await attempt({ address: '2001:db8:0:1::1' })).toBe('counted');
  });

  it('only slow the account when they come from many addresses', async () => {
    const before = performance.now();
    let host = 0;
    const next = () => {
      host += 1;
      return attempt({ address: `198.51.100.${host}` });
    };
    expect(await times(30, next)).toEqual(Array(30).fill('counted'));
    expect(await next()).toBe('counted');
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  it('are taken back one by one when the password was right', async () => {
    await times(9, attempt);
    for (let n = 0; n < 20; n += 1) {
      await takeBack(database.pool, await countAttempt(database.pool, { email, address: '192.0.2.1' }, now));
    }
    expect(await times(2, attempt)).toEqual(['counted', 15 * 60]);
  });

  it('of an account are cleared by a reset, those of the address are not', async () => {
    await times(10, attempt);
    await inTransaction(database.pool, (trx) => clearFailures(trx, email));
    expect(await times(11, attempt)).toEqual([...Array(10).fill('counted'), 15 * 60]);
    const { rows } = await database.pool.query('SELECT cardinality(failed_at) AS n FROM sign_in_attempts ORDER BY 1');
    expect(rows.map(({ n }) => n)).toEqual([10, 10, 20]);
  });

  it('are removed when they do not count any more', async () => {
    await attempt();
    await removeExpired(database.pool, inMinutes(14));
    expect((await database.pool.query('SELECT FROM sign_in_attempts')).rowCount).toBe(3);
    await removeExpired(database.pool, inMinutes(16));
    expect((await database.pool.query('SELECT FROM sign_in_attempts')).rowCount).toBe(0);
  });
});

describe('POST /sessions', () => {
  const signIn = (body: object, at = service) =>
    post(at, '/sessions', { email, password: PASSWORD, ...body }, { 'x-caller': 'shopper', 'x-real-ip': '192.0.2.7' });

  it('after ten failures refuses the right password and an unknown address alike', async () => {
    const token = await signUp(service, database.pool);
    await post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Ada' }).expect(201);
    const answers = [];
    for (const address of [email, 'unknown@example.org']) {
      for (let n = 0; n < 10; n += 1) await signIn({ email: address, password: 'wrong' }).expect(401);
      answers.push(await signIn({ email: address }).expect(429));
    }
    for (const { body, headers } of answers) {
      expect(body.code).toBe('too-many-attempts');
      expect(Number(headers['retry-after'])).toBeGreaterThan(14 * 60);
    }
  });

  it('counts nothing when the password is right, or was not compared', async () => {
    const token = await signUp(service, database.pool);
    await post(service, '/accounts/verification', { token, password: PASSWORD, name: 'Ada' }).expect(201);
    const hasher = createPasswordHasher(1);
    const busy = startUntilEnd(database.pool, { hasher });
    for (let round = 0; round < 3; round += 1) await signIn({}).expect(201);
    const unknown = (n: number) => signIn({ email: `u${n}@example.org` }, busy);
    const release = keepBusy(hasher);
    const answers = await Promise.all([1, 2, 3, 4].map(unknown));
    await release();
    answers.push(await unknown(5), await unknown(6));
    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(0);
    const { rows } = await database.pool.query('SELECT sum(cardinality(failed_at))::int AS n FROM sign_in_attempts');
    expect(rows[0].n).toBe(3 * answers.filter(({ status }) => status === 401).length);
  });
});
