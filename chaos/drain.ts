/**
 * Measures how fast a backlog drains after an outage, compared with synchronous orders on the same machine in the same run.
 * There are no random faults and no proxies, so both rates are those of the system alone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { pendingOrders, startInventory, stopInventory, untilSent } from './backlog.ts';
import type { Check } from './checker.ts';
import type { Scene } from './conclude.ts';
import type { Databases } from './databases.ts';
import type { Verdict } from './history.ts';
import { plainPlacementOf } from './operations.ts';
import { makeRandom } from './random.ts';

export interface Drain {
  orders: number;
  /** Orders per second: placed synchronously, accepted during the outage, decided after it. */
  synchronousRate: number;
  acceptedRate: number;
  drainRate: number;
  /** Drain rate divided by synchronous rate. */
  ratio: number;
  /** Orders that did not get 202 although inventory-service was down. */
  notAccepted: number;
  /** Commands that inventory-service handled in excess of one per order, because the completer asked again. */
  repeatedCommands: number;
}

const CLIENTS = 64;
const WINDOW_MS = 2_000;
const WINDOWS = 3;
const STEADY_WITHIN = 0.1;
const MAX_WARM_UP_MS = 40_000;
const MAX_DRAIN_MS = 600_000;

type Measured = Omit<Drain, 'repeatedCommands'>;

/** Measures both, and returns when nothing is pending, so that repeated commands can be counted. */
export async function measureDrain(
  scene: Scene,
  seed: number,
  orders: number,
  end: AbortSignal,
): Promise<{ measured: Measured; countRepeated: () => Promise<number> }> {
  const { system, workload, databases } = scene;
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const random = makeRandom(seed);
  const place = () => workload.submit(plainPlacementOf(random.pick(['storefront', 'other storefront']), random));

  say(`Placing orders with ${CLIENTS} clients until the rate is steady …`);
  const synchronousRate = await steadyRate(place, end);
  say(`  ${perSecond(synchronousRate)} placed. Stopping inventory-service, placing ${orders} orders …`);
  await stopInventory(system);
  const handledBefore = await handledCommands(databases);
  const began = workload.now();
  const verdicts = await placeMany(place, orders);
  const acceptedRate = (1_000 * orders) / (workload.now() - began);
  await untilSent(databases);
  say(`  ${perSecond(acceptedRate)} accepted. Starting inventory-service …`);
  const drainRate = await drain(scene, end);
  say(`  ${perSecond(drainRate)} decided.`);
  const measured = {
    orders,
    synchronousRate: Math.round(synchronousRate),
    acceptedRate: Math.round(acceptedRate),
    drainRate: Math.round(drainRate),
    ratio: Math.round((100 * drainRate) / synchronousRate) / 100,
    notAccepted: verdicts.filter((verdict) => verdict !== 'accepted').length,
  };
  const countRepeated = async () => Math.max(0, (await handledCommands(databases)) - handledBefore - orders);
  return { measured, countRepeated };
}

/** The promise: orders from the outage are decided at least as fast as new orders are placed. */
export function checkDrain({ synchronousRate, drainRate, ratio }: Measured): Check {
  const found = `${drainRate} orders/s decided, ${ratio} times that`;
  const slow = {
    subject: 'the backlog',
    expected: `at least ${synchronousRate} orders/s, as many as were placed`,
    found,
  };
  return { rule: 'a backlog drains as fast as orders are placed', checked: 1, violations: ratio < 1 ? [slow] : [] };
}

/** Orders per second once a few consecutive windows differ little; the first windows are slow, because the system is cold. */
async function steadyRate(place: () => Promise<Verdict>, end: AbortSignal): Promise<number> {
  let placed = 0;
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      if ((await place()) === 'final') placed += 1;
    }
  };
  const all = Promise.all(Array.from({ length: CLIENTS }, client));
  const rates: number[] = [];
  let average = 0;
  for (const latest = performance.now() + MAX_WARM_UP_MS; performance.now() < latest; ) {
    const [before, since] = [placed, performance.now()];
    await delay(WINDOW_MS, undefined, { signal: end });
    rates.push((1_000 * (placed - before)) / (performance.now() - since));
    const last = rates.slice(-WINDOWS);
    average = last.reduce((sum, rate) => sum + rate, 0) / last.length;
    const isSteady = last.every((rate) => Math.abs(rate - average) <= STEADY_WITHIN * average);
    if (rates.length > WINDOWS && isSteady) break;
  }
  isOver = true;
  await all;
  return average;
}

async function placeMany(place: () => Promise<Verdict>, orders: number): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let begun = 0;
  const client = async () => {
    while (begun < orders) {
      begun += 1;
      verdicts.push(await place());
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return verdicts;
}

/** Orders decided per second, from when all processes of inventory-service respond until nothing is pending. */
async function drain({ system, databases, workload }: Scene, end: AbortSignal): Promise<number> {
  await startInventory(system, end);
  const [began, backlog] = [workload.now(), await pendingOrders(databases)];
  for (const latest = began + MAX_DRAIN_MS; workload.now() < latest; ) {
    const pending = await pendingOrders(databases);
    const elapsed = workload.now() - began;
    if (pending === 0) return (1_000 * backlog) / elapsed;
    await delay(100, undefined, { signal: end });
  }
  return (1_000 * (backlog - (await pendingOrders(databases)))) / MAX_DRAIN_MS;
}

/** The inbox has a row for each. */
async function handledCommands({ inventory }: Databases): Promise<number> {
  const { rows } = await inventory.query<{ count: number }>('SELECT count(*)::integer AS count FROM inbox_messages');
  return rows[0]?.count ?? 0;
}

function perSecond(rate: number): string {
  return `${Math.round(rate)} orders/s`;
}
