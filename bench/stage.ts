/** The sides of some scenarios: started one after the other, filled if requested, and stopped together. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '@shop/local/folders.ts';
import type { Progress } from '@shop/local/progress.ts';
import { makeProducts, type Workshop } from './jobs.ts';
import { createLoadProcesses, type LoadProcesses } from './load-processes.ts';
import type { Options } from './options.ts';
import { fillOrders } from './rows/fill.ts';
import type { Sales } from './sales.ts';
import { startFloor, startOneHop } from './sides/floor.ts';
import { startLimit } from './sides/limit.ts';
import { startNaive } from './sides/naive.ts';
import { startOurs, startOursForShoppers } from './sides/ours.ts';
import type { Ground, Side, SideName } from './sides/side.ts';

const FILL_REPORT_EVERY_MS = 10_000;

/** The function that starts each side, and its processes per service. */
const starts: Record<SideName, readonly [start: (ground: Ground) => Promise<Side>, processes: number]> = {
  ours: [startOurs, 1],
  'ours-2': [startOurs, 2],
  'ours-4': [startOurs, 4],
  'ours-8': [startOurs, 8],
  'ours-full': [startOurs, 1],
  'ours-shoppers': [startOursForShoppers, 1],
  naive: [startNaive, 1],
  'naive-2': [startNaive, 2],
  floor: [startFloor, 1],
  'one-hop': [startOneHop, 1],
  'limit-rows': [startLimit, 1],
  'limit-sets': [startLimit, 1],
};

/** The common context of all stages of a run. */
export interface Setting {
  progress: Progress;
  options: Options;
  interrupted: AbortSignal;
  sales: Sales | undefined;
  /** The folder for profiles, if requested. */
  profiles: string | undefined;
  /** Generates keys that no earlier measurement used. */
  newPrefix: () => string;
}
export interface Stage extends Setting {
  sides: ReadonlyMap<SideName, Side>;
  processes: LoadProcesses;
  /** The kinds of requests that each side has already had. */
  warmWays: Set<string>;
}

/** Starts these sides, runs a function with them, and stops everything that was started. */
export async function withSides(
  names: readonly SideName[],
  setting: Setting,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { progress, interrupted } = setting;
  const folder = join(localFolder(), 'bench', Date.now().toString(36));
  const ends: (() => Promise<void>)[] = [];
  const processes = createLoadProcesses(interrupted);
  try {
    const sides = new Map<SideName, Side>();
    // One after another, because each start uses all CPUs.
    for (const name of names) {
      const [start, perService] = starts[name];
      const ground = { folder: join(folder, name), processes: perService, interrupted };
      const atEnd = (end: () => Promise<void>) => void ends.push(end);
      const side = await progress.step(`start ${name}`, () => start({ ...ground, atEnd }));
      await makeProducts(side, setting.sales);
      if (name === 'ours-full') await fill(side, setting);
      sides.set(name, side);
    }
    await work({ ...setting, sides, processes, warmWays: new Set() });
  } finally {
    // Services before the databases that they use.
    await endAll(folder, [processes.end, ...ends.reverse()]);
  }
}

/** Writes this many orders, as if they had been placed. */
async function fill({ owners }: Side, { progress, options: { rows = 0 }, interrupted }: Setting): Promise<void> {
  if (!owners) throw new Error('a side without our tables cannot be filled');
  const began = performance.now();
  let reported = began;
  await progress.step(`fill ${rows.toLocaleString('en-US')} orders`, () =>
    // On an interrupt it does not wait: the statements may build indexes for minutes, and the servers are stopped
    // anyway.
    orInterrupted(interrupted, () =>
      fillOrders(owners, rows, (done) => {
        if (performance.now() - reported < FILL_REPORT_EVERY_MS) return;
        reported = performance.now();
        progress.say(`    ${done.toLocaleString('en-US')} after ${Math.round((reported - began) / 1_000)} s`);
      }),
    ),
  );
}

async function orInterrupted(interrupted: AbortSignal, work: () => Promise<void>): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  interrupted.addEventListener('abort', () => stopped.reject(interrupted.reason), { once: true });
  await Promise.race([work(), stopped.promise]);
}

/** Stops everything, even if one part cannot be stopped. */
async function endAll(folder: string, ends: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) await end().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `Not everything was stopped; see ${folder}`);
  rmSync(folder, { recursive: true, force: true });
}

/** The input for the jobs of a side. */
export function workshopOf({ sides, processes, sales, newPrefix }: Stage, name: SideName): Workshop {
  const side = sides.get(name);
  if (!side) throw new Error(`${name} was not started`);
  return { side, processes, sales, newPrefix };
}
