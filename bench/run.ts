/** A run: starts the sides that its scenarios need, measures round by round, and ends everything that it started. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '@shop/local/folders.ts';
import type { Progress } from '@shop/local/progress.ts';
import { measureDrain } from './drain.ts';
import { jobOf, makeProducts, type Placed, placeFresh, placeLasting, type Workshop } from './jobs.ts';
import { createLoadProcesses, type LoadProcesses } from './load-processes.ts';
import { type Measurement, measure } from './measure.ts';
import type { Options } from './options.ts';
import { openProfiler, type Profiler } from './profile/profiler.ts';
import { profileFolder, writeProfiles } from './profile/write-profiles.ts';
import { fillOrders } from './rows/fill.ts';
import { readSales, type Sales } from './sales.ts';
import type { Entry, Scenario } from './scenarios.ts';
import { startFloor, startOneHop } from './sides/floor.ts';
import { startLimit } from './sides/limit.ts';
import { startNaive } from './sides/naive.ts';
import { startOurs } from './sides/ours.ts';
import { type Ground, pidsOf, type Side, type SideName } from './sides/side.ts';
import { rotated, spreadOf } from './statistics.ts';

/** Per label; undefined would be an entry that was not reached. */
export type Round = Record<string, Measurement>;

export interface ScenarioResult {
  scenario: Scenario;
  rounds: Round[];
  /** Requests per second of an open load, as shares of what naive took. */
  naiveCapacity?: number;
}

export interface RunResult {
  results: ScenarioResult[];
  /** What the servers said of themselves, by side. */
  servers: Partial<Record<SideName, Record<string, Record<string, string>>>>;
  /** Whose orders the real ones were. */
  sales: string | undefined;
  /** Orders in the full tables. */
  rows: number | undefined;
  /** The folder with the profiles. */
  profiles: string | undefined;
}

const FILL_TOLD_EVERY_MS = 10_000;

export interface Reporting {
  progress: Progress;
  onServers: (servers: RunResult['servers']) => void;
  onScenario: (result: ScenarioResult) => void;
}

/** How each side is started, and with how many processes per service. */
const starts: Record<SideName, readonly [start: (ground: Ground) => Promise<Side>, processes: number]> = {
  ours: [startOurs, 1],
  'ours-2': [startOurs, 2],
  'ours-4': [startOurs, 4],
  'ours-full': [startOurs, 1],
  naive: [startNaive, 1],
  'naive-2': [startNaive, 2],
  floor: [startFloor, 1],
  'one-hop': [startOneHop, 1],
  'limit-rows': [startLimit, 1],
  'limit-sets': [startLimit, 1],
};

type Sides = Map<SideName, Side>;
interface Setting extends Pick<Reporting, 'progress'> {
  options: Options;
  interrupted: AbortSignal;
  sales: Sales | undefined;
  /** Where profiles are written, if they are wanted. */
  profiles: string | undefined;
  /** Makes keys that no earlier measurement had. */
  newPrefix: () => string;
}
interface Stage extends Setting {
  sides: Sides;
  processes: LoadProcesses;
  /** What the sides were asked for before. */
  warmWays: Set<string>;
}

/** Runs all scenarios, those of a stage on the same sides. */
export async function runBench(options: Options, interrupted: AbortSignal, reporting: Reporting): Promise<RunResult> {
  const isSale = (scenario: Scenario) => scenario.entries.some(({ kind }) => kind === 'sale');
  const sales = options.scenarios.some(isSale) ? await readSales(options.orders) : undefined;
  const profiles = options.profile ? profileFolder() : undefined;
  const run: RunResult = { results: [], servers: {}, sales: sales?.source, rows: options.rows, profiles };
  let jobs = 0;
  const newPrefix = () => `bench-${process.pid}-${jobs++}`;
  const setting: Setting = { progress: reporting.progress, options, interrupted, sales, profiles, newPrefix };
  for (const name of ['main', 'processes', 'full'] as const) {
    const chosen = options.scenarios.filter(({ stage }) => stage === name);
    if (chosen.length === 0) continue;
    await withSides(sidesOf(chosen), setting, async (stage) => {
      // Every time, for it refuses a server that is not durable.
      const servers: RunResult['servers'] = {};
      for (const [side, { describe }] of stage.sides) servers[side] = await describe();
      if (Object.keys(run.servers).length === 0) reporting.onServers(servers);
      run.servers = { ...servers, ...run.servers };
      for (const side of stage.sides.keys()) await warmUp(stage, side);
      for (const scenario of chosen) {
        const result = await runScenario(stage, scenario, run.results);
        run.results.push(result);
        reporting.onScenario(result);
      }
    });
  }
  return run;
}

function sidesOf(chosen: readonly Scenario[]): SideName[] {
  const entries = chosen.flatMap((scenario) => scenario.entries);
  return [...new Set(entries.map(({ side }) => side))];
}

async function withSides(
  names: readonly SideName[],
  setting: Setting,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const { progress, interrupted } = setting;
  const folder = join(localFolder(), 'bench', Date.now().toString(36));
  const ends: (() => Promise<void>)[] = [];
  const processes = createLoadProcesses(interrupted);
  try {
    const sides: Sides = new Map();
    // One after the other: each start wants all processors.
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

/** Writes so many orders, as if they had been placed. */
async function fill({ owners }: Side, { progress, options: { rows = 0 }, interrupted }: Setting): Promise<void> {
  if (!owners) throw new Error('a side without our tables cannot be filled');
  const began = Date.now();
  let told = began;
  await progress.step(`fill ${rows.toLocaleString('en-US')} orders`, () =>
    // Without waiting for its end when it is interrupted: it builds indexes for minutes, on servers that are ended now.
    orInterrupted(interrupted, () =>
      fillOrders(owners, rows, (done) => {
        if (Date.now() - told < FILL_TOLD_EVERY_MS) return;
        told = Date.now();
        progress.say(`    ${done.toLocaleString('en-US')} after ${Math.round((told - began) / 1_000)} s`);
      }),
    ),
  );
}

async function orInterrupted(interrupted: AbortSignal, work: () => Promise<void>): Promise<void> {
  const stopped = Promise.withResolvers<never>();
  interrupted.addEventListener('abort', () => stopped.reject(interrupted.reason), { once: true });
  await Promise.race([work(), stopped.promise]);
}

/** What cannot be ended keeps nothing else running. */
async function endAll(folder: string, ends: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) await end().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `Not all was ended; see ${folder}`);
  rmSync(folder, { recursive: true, force: true });
}

/** Orders of two SKUs from 64 clients, as long as it takes until the hot functions are compiled. */
async function warmUp(stage: Stage, name: SideName): Promise<void> {
  const shape = { entrance: 'shop', kind: 'place', products: 'uniform', lines: 2, load: { clients: 64 } } as const;
  // SQL needs no warming but for the caches, which the lead-in fills.
  if (name.startsWith('limit')) return;
  await warmEntry(stage, { ...shape, label: name, side: name }, stage.options.warmUpMs, `warm up ${name}`);
}

/** Whatever is asked of a side for the first time, is asked a while without being measured. */
async function warmWay(stage: Stage, entry: Entry): Promise<void> {
  const way = `${entry.side} ${entry.entrance} ${entry.kind}`;
  const isKnown = (entry.kind === 'place' && entry.entrance === 'shop') || entry.kind === 'drain';
  if (isKnown || stage.warmWays.has(way)) return;
  stage.warmWays.add(way);
  await warmEntry(stage, entry, stage.options.warmUpMs / 4, `warm up ${entry.label} (${entry.kind})`);
}

async function warmEntry(stage: Stage, entry: Entry, ms: number, name: string): Promise<void> {
  await stage.progress.step(name, async () => {
    const workshop = workshopOf(stage, entry.side);
    const placed = (await placeLasting(workshop, entry)) ?? (await placeFresh(workshop, entry, ms));
    const startAt = Date.now();
    const job = jobOf(workshop, entry, 'clients' in entry.load ? entry.load : { clients: 64 }, placed);
    await stage.processes.run(entry.side, { ...job, startAt, endAt: startAt + ms });
    await workshop.side.settle();
  });
  stage.interrupted.throwIfAborted();
}

/** Rounds until enough were clean, or twice as many were tried. */
async function runScenario(
  stage: Stage,
  scenario: Scenario,
  earlier: readonly ScenarioResult[],
): Promise<ScenarioResult> {
  const { options, progress } = stage;
  const isOpen = scenario.entries.some(({ load }) => 'shareOfNaive' in load);
  const naiveCapacity = isOpen ? await findNaiveCapacity(stage, scenario, earlier) : undefined;
  const lasting = new Map<string, Placed | undefined>();
  for (const entry of scenario.entries) {
    await warmWay(stage, entry);
    lasting.set(entry.label, await placeLasting(workshopOf(stage, entry.side), entry));
  }
  const result: ScenarioResult = { scenario, rounds: [], naiveCapacity };
  const mostRounds = options.isQuick ? options.rounds : 2 * options.rounds;
  while (cleanRounds(result).length < options.rounds && result.rounds.length < mostRounds) {
    const number = result.rounds.length;
    const round: Round = {};
    await progress.step(`${scenario.name} ${number + 1}`, async () => {
      for (const entry of rotated(scenario.entries, number)) {
        const known = { lasting: lasting.get(entry.label), naiveCapacity };
        round[entry.label] = await measureEntry(stage, scenario, entry, known);
      }
    });
    result.rounds.push(round);
  }
  const [ours] = scenario.entries;
  if (stage.profiles && ours?.side.startsWith('ours') && ours.kind !== 'drain') {
    const known = { lasting: lasting.get(ours.label), naiveCapacity };
    await profileEntry(stage, stage.profiles, scenario, ours, known);
  }
  return result;
}

/** One more measurement, whose numbers do not count: being watched costs time. */
async function profileEntry(
  stage: Stage,
  folder: string,
  scenario: Scenario,
  entry: Entry,
  known: Parameters<typeof measureEntry>[3],
): Promise<void> {
  await stage.progress.step(`profile ${scenario.name}`, async () => {
    const profiler = await openProfiler(workshopOf(stage, entry.side).side.services);
    try {
      await measureEntry(stage, scenario, entry, { ...known, profiler });
      writeProfiles(folder, scenario.name, profiler.profiles());
    } finally {
      profiler.close();
    }
  });
}

/** The rounds in which every measurement was clean. */
export function cleanRounds({ rounds }: ScenarioResult): Round[] {
  return rounds.filter((round) => Object.values(round).every(({ isClean }) => isClean));
}

/** What a report is made from: the clean rounds, or all of them when there is none. */
export function usedRounds(result: ScenarioResult): Round[] {
  const clean = cleanRounds(result);
  return clean.length > 0 ? clean : result.rounds;
}

async function measureEntry(
  stage: Stage,
  scenario: Scenario,
  entry: Entry,
  { lasting, naiveCapacity = 0, profiler }: { lasting?: Placed; naiveCapacity?: number; profiler?: Profiler } = {},
): Promise<Measurement> {
  const { options, processes, interrupted } = stage;
  const { leadInMs, windowMs } = options;
  const workshop = workshopOf(stage, entry.side);
  const placed = lasting ?? (await placeFresh(workshop, entry, leadInMs + windowMs));
  const { load } = entry;
  const job = jobOf(
    workshop,
    entry,
    'clients' in load ? load : { perSecond: load.shareOfNaive * naiveCapacity },
    placed,
  );
  const ownPids = () => [...stage.sides.values()].flatMap(pidsOf);
  const { side } = workshop;
  const measuring = { side, entry, scenario, job, leadInMs, windowMs, ownPids, processes, interrupted, profiler };
  if (entry.kind !== 'drain') return measure(measuring);
  const measured = await measureDrain(measuring);
  // Its inventory-service is a new one.
  await warmUp(stage, entry.side);
  return measured;
}

/** What naive takes with 64 clients: as measured in this run, else measured now. */
async function findNaiveCapacity(
  stage: Stage,
  scenario: Scenario,
  earlier: readonly ScenarioResult[],
): Promise<number> {
  const known = earlier.find(({ scenario: { name } }) => name === 'uniform-64');
  const rates = known ? usedRounds(known).map((round) => round.naive?.rate ?? Number.NaN) : [];
  const median = spreadOf(rates)?.median;
  if (median !== undefined) return median;
  const entry = scenario.entries.find(({ side }) => side === 'naive');
  if (!entry) throw new Error(`${scenario.name} has no naive side to take its rate from`);
  const { rate } = await stage.progress.step('capacity of naive', () =>
    measureEntry(stage, scenario, { ...entry, load: { clients: 64 } }),
  );
  return rate;
}

function workshopOf({ sides, processes, sales, newPrefix }: Stage, name: SideName): Workshop {
  const side = sides.get(name);
  if (!side) throw new Error(`${name} was not started`);
  return { side, processes, sales, newPrefix };
}
