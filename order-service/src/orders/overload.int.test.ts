/** A database that is blocked fills the queues; then all are refused with nothing done, and afterwards it is as before. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import {
  AS_IN_SERVICE,
  anOrder,
  createTestSystem,
  get,
  held,
  OPERATIONS,
  post,
  rows,
  STOREFRONT,
  type TestSystem,
} from '../../test/test-app.ts';

/** Another session holds a lock while `work` runs. */
async function whileLocked({ database }: TestSystem, lock: string, work: () => Promise<void>): Promise<void> {
  await withClient(database.ownerUrl, async (client) => {
    await client.query(`BEGIN; ${lock}`);
    await work();
    await client.query('ROLLBACK');
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('while the database is blocked', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await createTestSystem(AS_IN_SERVICE);
    atEnd(() => system.stop());
  });
  beforeEach(() => system.reset());

  /** Nobody reads or writes an order while `work` runs. */
  const whileOrdersAreLocked = (work: () => Promise<void>) =>
    whileLocked(system, 'LOCK TABLE orders IN ACCESS EXCLUSIVE MODE', work);

  it.each([
    ['reads', (path: string) => get(system.service, path)],
    ['steps', (path: string) => post(system.service, `${path}/cancellation`, {})],
  ])('%s are refused in time with Retry-After, and work again afterwards', async (_what, call) => {
    const placed = await post(system.service, '/orders', anOrder());
    const path = `/orders/${placed.body.id}`;
    await whileOrdersAreLocked(async () => {
      const began = performance.now();
      const answers = await Promise.all(Array.from({ length: 30 }, () => call(path)));
      // A second in the line, and a second for the lock.
      expect(performance.now() - began).toBeLessThan(5_000);
      for (const { status, headers } of answers) expect([status, headers['retry-after']]).toEqual([503, '1']);
      expect(answers.filter(({ body }) => body.code === 'overloaded').length).toBeGreaterThan(10);
    });
    expect((await get(system.service, path)).body).toEqual(placed.body);
    expect((await call(path)).status).toBe(200);
  });

  it('orders are refused in time, those that were overloaded with nothing done, and repeats are placed', async () => {
    const keys = Array.from({ length: 200 }, (_, n) => `blocked-${n}`);
    const place = () => Promise.all(keys.map((key) => post(system.service, '/orders', anOrder(), key)));
    const untouched: string[] = [];
    await whileOrdersAreLocked(async () => {
      const began = performance.now();
      for (const [index, { status, headers, body }] of (await place()).entries()) {
        expect([status, headers['retry-after']]).toEqual([503, '1']);
        if (body.code === 'overloaded') untouched.push(keys[index] as string);
      }
      expect(performance.now() - began).toBeLessThan(6_000);
    });
    await system.service.drain();
    expect(untouched.length).toBeGreaterThan(0);
    // Each of the three batches may have been at one of its members when the lock ended.
    const begun = await rows<{ idempotency_key: string }>(system, 'SELECT idempotency_key FROM orders');
    expect(begun.length).toBeLessThanOrEqual(3);
    expect(begun.filter(({ idempotency_key }) => untouched.includes(idempotency_key))).toEqual([]);
    await eventually(async () =>
      (await place()).every(({ status }) => status === 201 || status === 202) ? true : undefined,
    );
    expect(await rows(system, 'SELECT FROM orders')).toHaveLength(keys.length);
  });

  it('health and metrics answer, however many requests wait', async () => {
    const server = createServer(system.service.http).listen(0, '127.0.0.1');
    atEnd(() => closeServer(server));
    await whileOrdersAreLocked(async () => {
      const waiting = Promise.all(Array.from({ length: 100 }, () => get(system.service, '/orders')));
      const base = `http://127.0.0.1:${portOf(server)}`;
      const headers = { 'x-gateway-token': 'g'.repeat(32) };
      for (const path of ['/health/live', '/health/ready', '/health/orders', '/metrics']) {
        expect([path, (await fetch(base + path, { headers })).status]).toEqual([path, 200]);
      }
      await waiting;
    });
  });
});

describe('while statements are blocked for longer than any answer may take', () => {
  let system: TestSystem;
  beforeAll(async () => {
    // For a row, in the line for the database and at the pace of the last batches, requests wait for as long as it takes.
    const waits = { lockMs: 60_000, maxRequestWaitMs: 60_000, maxExpectedWaitMs: 60_000, longestTurnMs: 60_000 };
    system = await createTestSystem({ ...AS_IN_SERVICE, ...waits });
    atEnd(() => system.stop());
  });
  beforeEach(() => system.reset());

  it('orders are refused at once behind one that can no longer be begun in time; none is lost, and each is placed once', async () => {
    const { service, peer } = system;
    const place = async (key: string, at = service) => post(at, '/orders', anOrder(), key);
    const decided = Promise.withResolvers<object>();
    atEnd(() => decided.resolve(held()));
    peer.decide = () => decided.promise;
    // Three batches, as many as may be under way.
    const underWay = ['a', 'b', 'c'];
    const accepted: ReturnType<typeof place>[] = [];
    for (const [index, key] of underWay.entries()) {
      accepted.push(place(key));
      await eventually(() => peer.asked.length === index + 1 || undefined);
    }
    const newcomers = Array.from({ length: 20 }, (_, n) => `newcomer-${n}`);
    await whileLocked(system, 'SELECT FROM orders FOR UPDATE', async () => {
      decided.resolve(held());
      const head = await place('head');
      expect([head.status, head.body.code]).toEqual([503, 'overloaded']);
      const began = performance.now();
      for (const { status, headers, body } of await Promise.all(newcomers.map((key) => place(key))))
        expect([status, body.code, headers['retry-after']]).toEqual([503, 'overloaded', '1']);
      expect(performance.now() - began).toBeLessThan(AS_IN_SERVICE.answerWithinMs);
      expect(await counted(service.metrics, 'batch_refused_total', { stage: 'place' })).toBe(newcomers.length);
      for (const { status, body } of await Promise.all(accepted))
        expect([status, body.status]).toEqual([202, 'pending']);
    });
    await service.drain();
    const keysOfOrders = async () =>
      (await rows<{ key: string }>(system, 'SELECT idempotency_key AS key FROM orders ORDER BY id')).map(
        ({ key }) => key,
      );
    expect(await keysOfOrders()).toEqual(underWay);
    const all = [...underWay, 'head', ...newcomers];
    const patient = system.another({}, { answerWithinMs: 60_000, reservationTimeoutMs: 30_000 });
    for (const { status } of await Promise.all(all.map((key) => place(key, patient)))) expect(status).toBe(201);
    expect((await keysOfOrders()).sort()).toEqual(all.sort());
    expect(peer.asked).toHaveLength(all.length);
  });

  it('orders are placed in time, however many reads wait', async () => {
    const { service } = system;
    let arrived = 0;
    const server = createServer(service.http).on('request', () => (arrived += 1));
    server.listen({ host: '127.0.0.1', port: 0, backlog: 4_096 });
    atEnd(() => closeServer(server));
    const read = async (path: string, headers: Record<string, string>) => {
      const answer = await fetch(`http://127.0.0.1:${portOf(server)}${path}`, { headers });
      await answer.arrayBuffer();
      return answer.status;
    };
    let reads: Promise<number>[] = [];
    atEnd(() => Promise.allSettled(reads));
    await whileLocked(system, 'LOCK TABLE dead_letters IN ACCESS EXCLUSIVE MODE', async () => {
      // As many as the pool has connections would take all of them; and more than may be under way wait behind these.
      reads = Array.from({ length: 10 }, () => read('/operations/orders/dead-letters', OPERATIONS));
      await eventually(() => arrived === reads.length || undefined);
      reads.push(...Array.from({ length: 2_100 }, () => read('/orders', STOREFRONT)));
      await eventually(() => arrived === reads.length || undefined);
      const began = performance.now();
      const orders = await Promise.all(Array.from({ length: 20 }, () => post(service, '/orders', anOrder())));
      expect(performance.now() - began).toBeLessThan(2_500);
      expect(new Set(orders.map(({ status }) => status))).toEqual(new Set([201]));
    });
    const statuses = await Promise.all(reads);
    // Five have a connection, and 500 wait.
    expect(statuses.filter((status) => status === 200)).toHaveLength(505);
    expect(statuses.filter((status) => status === 503)).toHaveLength(reads.length - 505);
  });
});
