/** A database that is blocked fills the queues; then all are refused with nothing done, and afterwards it is as before. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { AS_IN_SERVICE, anOrder, createTestSystem, get, post, rows, type TestSystem } from '../../test/test-app.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem(AS_IN_SERVICE);
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

/** Nobody reads or writes an order while `work` runs. */
async function whileOrdersAreLocked(work: () => Promise<void>): Promise<void> {
  await withClient(system.database.ownerUrl, async (client) => {
    await client.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await work();
    await client.query('ROLLBACK');
  });
}

describe('while the database is blocked', () => {
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
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const headers = { 'x-gateway-token': 'g'.repeat(32) };
      for (const path of ['/health/live', '/health/ready', '/health/orders', '/metrics']) {
        expect([path, (await fetch(base + path, { headers })).status]).toEqual([path, 200]);
      }
      await waiting;
    });
  });
});
