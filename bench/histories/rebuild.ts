/** How fast the order histories of account-service are rebuilt from order-service, by the command that an operator uses. */
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { historyStates } from '@shop/account-service/order-history/order-history.sql.ts';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { Fault } from '@shop/chassis/base/fault.ts';
import { readDigests } from '@shop/chassis/operations/reconciliation/digests.ts';
import { withDatabase } from '@shop/chassis/service/with-database.ts';
import { readProcessorTime } from '@shop/e2e/load/processors.ts';
import { databaseUrl } from '@shop/local/addresses.ts';
import { localFolder, repositoryRoot } from '@shop/local/folders.ts';
import { allPartNames, partOf, type System } from '@shop/local/parts.ts';
import type { Progress } from '@shop/local/progress.ts';
import { shopperOrderStates } from '@shop/order-service/shopper-orders/shopper-orders.sql.ts';
import { kernelThreads, MS_PER_TICK, othersCores } from '../measure.ts';
import { partPid } from '../sides/parts.ts';
import { fillShopperOrders } from './fill.ts';

const run = promisify(execFile);

/** One run of `npm run history -- rebuild`. */
export interface Rebuild {
  what: string;
  orders: number;
  seconds: number;
  ordersPerSecond: number;
  /** Processor time per order in microseconds: of the databases, of order-service and of the command. */
  cpuMicroseconds: Record<string, number>;
  /** Cores that all other programs used. */
  othersCores: number;
}

/** Fill order-db with this many orders of shoppers, build their histories, and build them again; fails if they differ. */
export async function measureRebuilds(
  orders: number,
  interrupted: AbortSignal,
  progress: Progress,
  onRebuild: (rebuild: Rebuild) => void,
): Promise<Rebuild[]> {
  const folder = join(localFolder(), 'bench', Date.now().toString(36));
  const system = await progress.step('start', () => startOwnSystem(relative(localFolder(), folder), undefined, 1));
  try {
    const url = databaseUrl(system.plan, system.secrets, 'order', 'owner');
    await progress.step(`write ${orders.toLocaleString('en-US')} orders`, () =>
      fillShopperOrders(url, orders, () => interrupted.throwIfAborted()),
    );
    const rebuilds: Rebuild[] = [];
    for (const what of ['into an empty table', 'again, nothing is newer']) {
      interrupted.throwIfAborted();
      const rebuild = await progress.step(what, () => measureRebuild(system, what, interrupted));
      await progress.step('compare all digests', () => requireEqual(system, orders));
      onRebuild(rebuild);
      rebuilds.push(rebuild);
    }
    return rebuilds;
  } finally {
    await endOwnSystem(system, false);
  }
}

/** The processor time of these is shown. */
const PARTS = ['order-db', 'order-1', 'account-db'];

async function measureRebuild(system: System, what: string, interrupted: AbortSignal): Promise<Rebuild> {
  const pidOf = (name: string) => partPid(partOf(system, name));
  const everything = [process.pid, ...kernelThreads(), ...allPartNames(system.plan).map(pidOf)];
  const roots = [...PARTS.map(pidOf), process.pid];
  const look = () => ({ all: readProcessorTime(everything), each: roots.map((pid) => readProcessorTime([pid]).own) });
  const before = look();
  const began = performance.now();
  const args = [join(repositoryRoot(), 'commands/cli.ts'), 'history', 'rebuild', '--restart'];
  const env = { ...process.env, LOCAL_DIR: system.folder };
  const { stdout } = await run(process.execPath, args, { env, signal: interrupted });
  const seconds = (performance.now() - began) / 1_000;
  const after = look();
  const orders = Number(/^(\d+) orders read, \d+ of them/m.exec(stdout)?.[1]);
  const perOrder = after.each.map((ticks, at) => ((ticks - (before.each[at] ?? 0)) * MS_PER_TICK * 1_000) / orders);
  return {
    what,
    orders,
    seconds,
    ordersPerSecond: Math.round(orders / seconds),
    cpuMicroseconds: Object.fromEntries([...PARTS, 'the command'].map((name, at) => [name, perOrder[at] ?? 0])),
    othersCores: othersCores(before.all, after.all),
  };
}

/** Fails if the histories are not the orders, or not all of them were written. */
async function requireEqual({ plan, secrets }: System, orders: number): Promise<void> {
  const [theirs, ours] = await Promise.all([
    withDatabase('bench', databaseUrl(plan, secrets, 'order', 'service'), (pool) =>
      readDigests(pool, shopperOrderStates),
    ),
    withDatabase('bench', databaseUrl(plan, secrets, 'account', 'service'), (pool) => readDigests(pool, historyStates)),
  ]);
  const found = ours.reduce((sum, digest) => sum + Number.parseInt(digest, 10), 0);
  if (found !== orders || ours.join() !== theirs.join())
    throw new Fault(`The histories have ${found} orders, and differ.`);
}

/** A rebuild as text. */
export function renderRebuild({
  what,
  orders,
  seconds,
  ordersPerSecond,
  cpuMicroseconds,
  othersCores,
}: Rebuild): string {
  const cpu = Object.entries(cpuMicroseconds).map(([name, each]) => `${name} ${each.toFixed(1)}`);
  return [
    `${what}: ${ordersPerSecond.toLocaleString('en-US')} orders/s, ${orders.toLocaleString('en-US')} in ${seconds.toFixed(1)} s`,
    `  processor time in µs per order: ${cpu.join(', ')}; other programs used ${othersCores.toFixed(2)} cores`,
  ].join('\n');
}
