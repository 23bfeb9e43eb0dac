/** One service's clock is ten minutes off: orders of machines go on, and people learn from the answer that it is the clocks. */
import { toToken } from '@shop/account-service/email-tokens/email-token.ts';
import { createMasterKey } from '@shop/account-service/master-key.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { urlOf } from '@shop/local/addresses.ts';
import { endPart, partStatus, startPart } from '@shop/local/control.ts';
import { partOf } from '@shop/local/parts.ts';

import { readSystem } from '@shop/local/start-system.ts';
import { v7 as uuidv7 } from 'uuid';
import { type ClockError, findFaketime, hasWrongClock, removeRemainsAtExit, withClock } from '../chaos/clock.ts';
import { anOrderOf, placeAndWait, type System, startSystem } from './system.ts';

const MINUTES = 10;
const PASSWORD = 'correct horse battery staple';
const SHOPPER = { 'X-Caller': 'shopper' };
const STAFF = { 'X-Caller': 'staff' };
const ISO = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)`;

describeNeeding('libfaketime', findFaketime() !== undefined, 'with a clock that is ten minutes off', () => {
  let system: System;
  let sku: string;
  let email: string;
  beforeAll(async () => {
    system = await startSystem(1);
    sku = await system.product(1_000);
    email = await newMember();
  });

  const query = (sql: string, values: unknown[]) =>
    withClient(system.env.ACCOUNT_DB_URL ?? '', async (client) => (await client.query(sql, values)).rows);
  const post = (path: string, body: object, headers: Record<string, string>) =>
    system.anonymous('POST', path, body, headers);

  /** An account of a shopper who is of the staff too. */
  async function newMember(): Promise<string> {
    const address = `${uuidv7()}@example.org`;
    await post('/accounts', { email: address }, {});
    const [mail] = await query('SELECT id FROM email_tokens WHERE email = $1', [address]);
    const token = toToken(createMasterKey([system.env.ACCOUNT_MASTER_KEY ?? '']), mail?.id);
    expect((await post('/accounts/verification', { token, password: PASSWORD, name: 'Ada' }, {})).status).toBe(201);
    await query(`UPDATE accounts SET roles = '{backoffice}' WHERE email = $1`, [address]);
    return address;
  }

  const signIn = (caller: Record<string, string>) =>
    post('/sessions', { email, password: PASSWORD, bearer: true }, caller);
  async function signedIn(caller: Record<string, string>): Promise<{ accessToken: string; refreshToken: string }> {
    return eventually(async () => {
      const { status, body, text } = await signIn(caller);
      if (status !== 201) throw new Error(`${status} ${text}`);
      return body;
    });
  }
  const orders = (accessToken: string, caller: Record<string, string>) =>
    system.anonymous('GET', '/orders', undefined, { ...caller, Authorization: `Bearer ${accessToken}` });

  /** Restart a process with another clock; without an error, with the right one. */
  async function restart(name: string, error?: ClockError): Promise<void> {
    const local = readSystem(system.folder);
    const part = partOf(local, name);
    await endPart(part, 10_000);
    await startPart(error ? { ...part, launch: () => withClock(part.launch(), error, MINUTES) } : part);
    const pid = partStatus(part).process?.pid;
    if (error && pid !== undefined) removeRemainsAtExit(pid);
    const url = `${urlOf(local.plan, name)}/health/live`;
    await eventually(async () => (await hasWrongClock(url)) === (error !== undefined) || undefined);
    await system.healthy();
  }

  /** The two times in a text, as minutes from the first to the second. */
  function minutesBetween(text: string, pattern: RegExp): number {
    const [, from = '', to = ''] = pattern.exec(text) ?? [];
    return Math.round((Date.parse(to) - Date.parse(from)) / 60_000);
  }

  it.each<ClockError>(['ahead', 'behind'])('order-service %s confirms orders of machines', async (error) => {
    await restart('order-1', error);
    expect((await placeAndWait(system, anOrderOf(sku))).status).toBe(201);
  });

  it('order-service ahead names both clocks to staff whose new token has expired there', async () => {
    await restart('order-1', 'ahead');
    const { status, body } = await orders((await signedIn(STAFF)).accessToken, STAFF);
    expect([status, body.code]).toEqual([401, 'not-signed-in']);
    // A token of staff lives for five minutes.
    const times = new RegExp(`^The access token expired at ${ISO}; by the clock of this service it is ${ISO}\\.`);
    expect(minutesBetween(body.detail, times)).toBe(5);
    expect(body.detail).toMatch(/The clock of account-service is (59\d|60\d) s behind the clock of this service\.$/);
    // One of a shopper lives for fifteen, so it still has five.
    expect((await orders((await signedIn(SHOPPER)).accessToken, SHOPPER)).status).toBe(200);
  });

  it('order-service behind names both clocks to a shopper whose new token is from its future', async () => {
    await restart('order-1', 'behind');
    const { status, body } = await orders((await signedIn(SHOPPER)).accessToken, SHOPPER);
    expect([status, body.code]).toEqual([401, 'not-signed-in']);
    const times = new RegExp(`issued at ${ISO}, but by the clock of this service it is only ${ISO}\\.`);
    expect(minutesBetween(body.detail, times)).toBe(-10);
    expect(body.detail).toMatch(/The clock of account-service is (59\d|60\d) s ahead of the clock of this service\.$/);
    await restart('order-1');
    expect((await orders((await signedIn(SHOPPER)).accessToken, SHOPPER)).status).toBe(200);
  });

  it.each<[ClockError, number]>([
    ['ahead', -10],
    ['behind', 10],
  ])('account-service %s names both clocks at sign-in, and ends no session', async (error, minutes) => {
    await restart('order-1');
    await restart('account-1');
    const { accessToken, refreshToken } = await signedIn(SHOPPER);
    expect((await orders(accessToken, SHOPPER)).status).toBe(200);
    await restart('account-1', error);
    const times = new RegExp(`^The clock of account-service shows ${ISO}, and that of its database ${ISO}\\.`);
    for (const { status, body } of [
      await signIn(SHOPPER),
      await post('/sessions/refresh', { refreshToken }, SHOPPER),
    ]) {
      expect([status, body.code]).toEqual([503, 'unavailable']);
      expect(minutesBetween(body.detail, times)).toBe(minutes);
    }
    expect((await orders(accessToken, SHOPPER)).status).toBe(200);
    expect((await placeAndWait(system, anOrderOf(sku))).status).toBe(201);
    await restart('account-1');
    expect((await post('/sessions/refresh', { refreshToken }, SHOPPER)).status).toBe(200);
  });
});
