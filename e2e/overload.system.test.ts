/**
 * Twice the capacity for a minute: order-service accepts what it can and refuses the rest in time, and recovers at
 * once. The load goes to the ports of the services, because on one machine the gateway and the load generator would be
 * exhausted first.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import type { Load, LoadReport } from './load/load.ts';
import { othersShare, readProcessorTime } from './load/processors.ts';
import { type System, startSystem } from './system.ts';

const OVERLOAD_SECONDS = 60;
const ANSWER_MS = 2_500;
const RECOVERY_MS = 5_000;
const MOST_MEMORY_MB = 300;
// If other processes use more of the machine than this share, a started order may not be finished in time.
const OTHERS_AT_MOST = 0.2;
// Far below the capacity of any machine.
const MODEST = { perSecond: 20 };
// The time of a single order varies with other load on the machine; during an overload it would be seconds.
const NORMAL_MS = (before: number) => 200 + 5 * before;

let system: System;
let generator: ChildProcess;
beforeAll(async () => {
  system = await startSystem();
  generator = fork(join(__dirname, 'load/generator.ts'));
  atEnd(() => generator.kill());
});

async function run(load: Load): Promise<LoadReport> {
  generator.send(load);
  const [report] = (await once(generator, 'message')) as [LoadReport];
  return report;
}

/** The maximum memory of each process while `work` ran, in MB. */
async function memoryDuring<T>(pids: Map<string, number>, work: Promise<T>): Promise<[T, Record<string, number>]> {
  const most: Record<string, number> = {};
  const sample = () => {
    for (const [part, pid] of pids) {
      const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      most[part] = Math.max(most[part] ?? 0, Math.round(kilobytes / 1024));
    }
  };
  const sampler = setInterval(sample, 200);
  try {
    return [await work, most];
  } finally {
    clearInterval(sampler);
  }
}

/** The number of refusals by each limit of load-shedding/, by counter. */
async function refusedBy(targets: readonly { part: string; port?: number }[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { part, port } of targets) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    for (const [, name, count] of text.matchAll(/^(http_requests_shed_total|batch_refused_total)\{.*\} (\d+)$/gm)) {
      counts[`${part} ${name}`] = Number(count);
    }
  }
  return counts;
}

it('at twice the capacity for a minute: answers or refuses in time, loses and doubles nothing, and recovers at once', async () => {
  const parts = await system.parts();
  const services = parts.filter(({ part }) => /^(order|inventory)-\d/.test(part));
  const targets = services.filter(({ part }) => part.startsWith('order-'));
  const soldOut = await system.product(0);
  const skus = await Promise.all(Array.from({ length: 19 }, () => system.product(1_000_000)));
  let loads = 0;
  const load = (seconds: number, arrivals: Load['arrivals']): Load => ({
    targets: targets.map(({ port }) => `http://127.0.0.1:${port}`),
    headers: {
      'content-type': 'application/json',
      'x-gateway-token': system.env.GATEWAY_TOKEN ?? '',
      'x-consumer-custom-id': 'overload',
      'x-consumer-groups': 'storefront',
    },
    skus: [...skus, soldOut],
    keyPrefix: `load-${loads++}`,
    seconds,
    arrivals,
  });

  await run(load(4, { clients: 32 })); // warm
  const before = await run(load(3, MODEST));
  const closed = await run(load(10, { clients: 64 }));
  const capacity = Object.values(closed.answers).reduce((sum, count) => sum + count, 0) / closed.sendingSeconds;

  const pids = new Map(services.map(({ part, pid = 0 }) => [part, pid]));
  const overload = load(OVERLOAD_SECONDS, { perSecond: 2 * capacity, grows: true });
  const roots = [...parts.flatMap(({ pid }) => pid ?? []), process.pid];
  const timeBefore = readProcessorTime(roots);
  const [report, memoryMb] = await memoryDuring(pids, run(overload));
  const endedAt = performance.now();
  const others = othersShare(timeBefore, readProcessorTime(roots));
  let after = await run(load(1, MODEST));
  while (after.acceptedMs.median > NORMAL_MS(before.acceptedMs.median) && performance.now() - endedAt < RECOVERY_MS) {
    after = await run(load(1, MODEST));
  }

  const { confirmedKeys, acceptedKeys, overloadedKeys, ...measured } = report;
  const summary = {
    othersShare: others.toFixed(2),
    capacityPerSecond: Math.round(capacity),
    offeredPerSecond: Math.round(report.sent / report.sendingSeconds),
    ...measured,
    medianMs: { before: before.acceptedMs.median, after: after.acceptedMs.median },
    memoryMb,
    refusedBy: await refusedBy(targets),
  };
  // Printed on success too, as the measurement.
  console.log(JSON.stringify(summary, null, 2));

  // The limits are for a machine without other load; with other load, they are longer in proportion.
  const factor = 1 / Math.max(1 - others, 0.1);
  const names = ['201', '202', '409 order-rejected', '503 overloaded'];
  if (others > OTHERS_AT_MOST) names.push('503 unavailable');
  expect(Object.keys(report.answers).filter((name) => !names.includes(name))).toEqual([]);
  expect(overloadedKeys.length).toBeGreaterThan(0); // otherwise there was no overload
  expect(report.withoutRetryAfter).toBe(0);
  expect(report.acceptedMs.p99).toBeLessThan(ANSWER_MS * factor);
  for (const megabytes of Object.values(memoryMb)) expect(megabytes).toBeLessThan(MOST_MEMORY_MB);
  expect(after.acceptedMs.median).toBeLessThanOrEqual(NORMAL_MS(before.acceptedMs.median));
  expect(Object.keys(after.answers).filter((name) => !['201', '409 order-rejected'].includes(name))).toEqual([]);

  await allDecided();
  expect(await statusesOf(confirmedKeys)).toEqual({ confirmed: confirmedKeys.length });
  const { confirmed = 0, rejected = 0 } = await statusesOf(acceptedKeys);
  expect(confirmed + rejected).toBe(acceptedKeys.length);
  expect(await statusesOf(overloadedKeys)).toEqual({}); // nothing was done
  expect(await reservedUnits()).toBe(await confirmedUnits());
});

function allDecided(): Promise<true> {
  return eventually(async () => {
    const { rowCount: waiting } = await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL LIMIT 1');
    return waiting === 0 ? true : undefined;
  });
}

/** The number of orders of these keys, by status. */
async function statusesOf(keys: readonly string[]): Promise<Record<string, number>> {
  const { rows } = await system.orderDb.query<{ status: string; count: number }>(
    /* sql */ `
    SELECT status, count(*)::integer AS count FROM orders
    WHERE client_id = 'overload' AND idempotency_key = ANY($1) GROUP BY status`,
    [keys],
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

async function confirmedUnits(): Promise<number> {
  const { rows } = await system.orderDb.query(/* sql */ `
    SELECT sum(l.quantity)::integer AS units FROM order_lines l JOIN orders o ON o.id = l.order_id
    WHERE o.status = 'confirmed'`);
  return rows[0].units;
}

async function reservedUnits(): Promise<number> {
  const { rows } = await system.inventoryDb.query('SELECT sum(reserved)::integer AS units FROM stock_levels');
  return rows[0].units;
}
