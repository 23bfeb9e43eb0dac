/** The effect on clients if one of two processes of a service is killed, frozen or stopped under load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { anOrderOf, type System, startSystem, withKey } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterEach(async () => {
  for (const part of ['order', 'inventory']) await system.control('start', part);
  await system.healthy();
});

interface Placed {
  status: number;
  second: number;
}

/**
 * Places orders with clients that wait for their responses, as long as `goesOn`; returns status and second of each
 * response.
 */
async function placeWhile(
  sku: string,
  clients: number,
  goesOn: (begun: number, second: number) => boolean,
): Promise<Placed[]> {
  const began = performance.now();
  const second = () => Math.floor((performance.now() - began) / 1_000);
  const answers: Placed[] = [];
  let begun = 0;
  async function runClient(): Promise<void> {
    while (goesOn(begun, second())) {
      begun += 1;
      const { status } = await system.storefront('POST', '/orders', anOrderOf(sku), withKey());
      answers.push({ status, second: second() });
    }
  }
  await Promise.all(Array.from({ length: clients }, runClient));
  return answers;
}

/** For both processes of order-service, once both respond: the gateway starts before the second one is ready. */
async function orderMetrics(): Promise<string> {
  const processes = (await system.parts()).filter(({ part }) => /^order-\d$/.test(part));
  expect(processes).toHaveLength(2);
  return eventually(async () => {
    const pages = processes.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    return (await Promise.all(pages)).join('');
  });
}

const nothingWaits = () =>
  eventually(async () =>
    (await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL')).rowCount === 0 ? true : undefined,
  );

describe('a process of order-service that is frozen', () => {
  const placeFor = (sku: string, seconds: number) => placeWhile(sku, 16, (_begun, second) => second < seconds);
  const perSecond = (answers: Placed[], from: number, to: number) =>
    answers.filter(({ second }) => second >= from && second < to).length / (to - from);

  it('costs less than 5 % of the requests, and after the first second at most half of the rate', async () => {
    const sku = await system.product(1_000_000);
    await placeFor(sku, 3); // warm
    const usual = await placeFor(sku, 8);
    await system.control('pause', 'order-1');
    const frozen = await placeFor(sku, 12).finally(() => system.control('resume', 'order-1'));
    const failed = frozen.filter(({ status }) => status >= 500);
    expect(failed.length / frozen.length).toBeLessThan(0.05);
    expect(perSecond(frozen, 1, 12)).toBeGreaterThan(perSecond(usual, 1, 8) / 2);
  });
});

describe('one of two processes', () => {
  /** The number of orders by status. */
  async function countWhile(sku: string, goesOn: (begun: number) => boolean): Promise<Record<number, number>> {
    const answers = await placeWhile(sku, 8, goesOn);
    const byStatus = Object.groupBy(answers, ({ status }) => status);
    return Object.fromEntries(Object.entries(byStatus).map(([status, some = []]) => [status, some.length]));
  }

  /** Place orders until both processes of order-service have detected that both of inventory-service respond. */
  async function allAsked(sku: string): Promise<void> {
    await eventually(async () => {
      await countWhile(sku, (begun) => begun < 50);
      const closed = (await orderMetrics()).match(/^breaker_state\{.*\} 0$/gm);
      return closed?.length === 4 || undefined;
    });
  }

  /**
   * The results of 500 orders, from a second after a process was killed or frozen. Until then it gets its share of
   * orders.
   */
  async function placeAfterFirstSecond(
    sku: string,
    action: 'kill' | 'pause',
    part: string,
  ): Promise<Record<number, number>> {
    await system.control(action, part);
    const until = performance.now() + 1_000;
    const [counts] = await Promise.all([
      sleep(1_000).then(() => countWhile(sku, (begun) => begun < 500)),
      countWhile(sku, () => performance.now() < until),
    ]).finally(() => system.control(action === 'kill' ? 'start' : 'resume', part));
    return counts;
  }

  it.each([
    ['kill', 'order-1'],
    ['pause', 'order-2'],
  ] as const)(
    'of order-service (%s %s): after the first second at least 95 %% of the orders are confirmed',
    async (action, part) => {
      const sku = await system.product(1_000_000);
      await allAsked(sku);
      const { 201: confirmed } = await placeAfterFirstSecond(sku, action, part);
      expect(confirmed).toBeGreaterThanOrEqual(475);
    },
  );

  /** End a process and wait until its port refuses connections: a call during its exit is lost and may become a 202. */
  async function killAndAwait(part: string): Promise<void> {
    const port = (await system.parts()).find((report) => report.part === part)?.port;
    await system.control('kill', part);
    await eventually(() =>
      fetch(`http://127.0.0.1:${port}/health/live`).then(
        () => undefined,
        (error) => error.cause?.code === 'ECONNREFUSED' || undefined,
      ),
    );
  }

  it('killed: fewer than 1 % of the orders have to wait for their stock', async () => {
    const sku = await system.product(1_000_000);
    await allAsked(sku);
    await killAndAwait('inventory-1');
    const { 201: confirmed, ...others } = await countWhile(sku, (begun) => begun < 500);
    expect(Object.keys(others).filter((status) => status !== '202')).toEqual([]);
    expect(others[202] ?? 0).toBeLessThan(5);
    expect(confirmed).toBeGreaterThan(495);
  });

  it('frozen: after the first second fewer than 5 % of the orders have to wait for their stock', async () => {
    const sku = await system.product(1_000_000);
    await allAsked(sku);
    const { 201: confirmed, ...others } = await placeAfterFirstSecond(sku, 'pause', 'inventory-2');
    expect(Object.keys(others).filter((status) => status !== '202')).toEqual([]);
    expect(others[202] ?? 0).toBeLessThan(25);
    expect(confirmed).toBeGreaterThan(475);
    await nothingWaits();
  });
});

describe('shutdown', () => {
  /** Calls to inventory-service that ended without a response before their timeout. */
  async function lostCalls(): Promise<number> {
    const counts = (await orderMetrics()).matchAll(
      /^reservation_call_duration_seconds_count\{.*outcome="failed".*\} (\d+)$/gm,
    );
    return [...counts].reduce((total, [, count]) => total + Number(count), 0);
  }

  it('answers every request, including those that arrive during the stop, and no order has to wait for its stock', async () => {
    const sku = await system.product(1_000_000);
    const calls = {
      'order-1': () => system.storefront('POST', '/orders', anOrderOf(sku), withKey()),
      'inventory-1': () => system.storefront('GET', `/products/${sku}`),
    };
    const answered: { status: number; code?: string; ms: number }[] = [];
    let isOver = false;
    // No pause while a process stops; a pause while it starts, because the clients would use its CPU time.
    let pauseMs = 0;
    const clients = Promise.all(
      Object.values(calls).flatMap((call) =>
        Array.from({ length: 4 }, async () => {
          while (!isOver) {
            await sleep(pauseMs);
            const began = performance.now();
            const { status, body } = await call();
            // The gateway's own refusals have no code.
            answered.push({ status, code: body.code ?? body.title, ms: performance.now() - began });
          }
        }),
      ),
    );
    atEnd(async () => {
      isOver = true;
      await clients.catch(() => {}); // the test has reported it already
    });
    const more = (count: number) => {
      const enough = answered.length + count;
      return eventually(() => answered.length >= enough || undefined);
    };
    for (const part of Object.keys(calls)) {
      await more(50);
      const lostBefore = await lostCalls();
      await system.control('stop', part);
      await eventually(
        async () => (await system.parts()).some((one) => one.part === part && one.pid === undefined) || undefined,
      );
      await more(50);
      // (The counter of order-1 is lost when it exits.)
      if (part === 'inventory-1') expect(await lostCalls()).toBe(lostBefore);
      pauseMs = 20;
      await system.control('start', part);
      await system.healthy();
      pauseMs = 0;
    }
    isOver = true;
    await clients;
    // A 202 after more than a second is caused by a slow machine: the call timed out.
    const isRight = ({ status, ms }: (typeof answered)[number]) => [200, 201, ms > 1_000 ? 202 : 201].includes(status);
    expect(answered.filter((answer) => !isRight(answer))).toEqual([]);
    const [held = 0, accepted = 0] = [201, 202].map((one) => answered.filter(({ status }) => status === one).length);
    expect(held).toBeGreaterThan(accepted);
    await eventually(async () => (await system.stock(sku)).reserved === held + accepted || undefined);
    await nothingWaits();
  });
});
