/** A run: starts the sides that its scenarios need, measures round by round, and ends everything that it started. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { localFolder } from '@shop/local/folders.ts';
import type { Progress } from '@shop/local/progress.ts';
import { Fault } from '@shop/operator/faults.ts';
import type { Job } from './client/job.ts';
import { createLoadProcesses, type LoadProcesses } from './load-processes.ts';
import { type Measurement, measure } from './measure.ts';
import type { Options } from './options.ts';
import { type Entry, products, type Scenario } from './scenarios.ts';
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
}

export interface Reporting {
  progress: Progress;
  onServers: (servers: RunResult['servers']) => void;
  onScenario: (result: ScenarioResult) => void;
}

const starts: Record<SideName, (ground: Ground) => Promise<Side>> = {
  ours: startOurs,
  naive: startNaive,
  floor: startFloor,
  'one-hop': startOneHop,
  'limit-rows': startLimit,
  'limit-sets': startLimit,
};

// Orders to repeat or to read: more than clients, few enough to be placed in a second or two.
const PREPARED_ORDERS = 500;
const PREPARED_WITHIN_MS = 120_000;

type Sides = Map<SideName, Side>;
interface Stage extends Pick<Reporting, 'progress'> {
  options: Options;
  sides: Sides;
  processes: LoadProcesses;
  interrupted: AbortSignal;
  /** Makes keys that no earlier measurement had. */
  newPrefix: () => string;
}

/** Runs all scenarios, those with the same number of processes on the same sides. */
export async function runBench(options: Options, interrupted: AbortSignal, reporting: Reporting): Promise<RunResult> {
  const run: RunResult = { results: [], servers: {} };
  let measurements = 0;
  const newPrefix = () => `bench-${process.pid}-${measurements++}`;
  for (const count of [1, 2] as const) {
    const chosen = options.scenarios.filter(({ processes }) => processes === count);
    if (chosen.length === 0) continue;
    await withSides(sidesOf(chosen), count, interrupted, reporting.progress, async (sides, processes) => {
      const stage = { ...reporting, options, sides, processes, interrupted, newPrefix };
      // Every time, for it refuses a server that is not durable.
      const servers: RunResult['servers'] = {};
      for (const [name, side] of sides) servers[name] = await side.describe();
      if (Object.keys(run.servers).length === 0) reporting.onServers(servers);
      run.servers = { ...servers, ...run.servers };
      await warmUp(stage);
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
  processesPerService: number,
  interrupted: AbortSignal,
  progress: Progress,
  work: (sides: Sides, processes: LoadProcesses) => Promise<void>,
): Promise<void> {
  const folder = join(localFolder(), 'bench', Date.now().toString(36));
  const ends: (() => Promise<void>)[] = [];
  const processes = createLoadProcesses();
  try {
    const sides: Sides = new Map();
    // One after the other: each start wants all processors.
    for (const name of names) {
      const ground = { folder: join(folder, name), processes: processesPerService, interrupted };
      const atEnd = (end: () => Promise<void>) => void ends.push(end);
      sides.set(name, await progress.step(`start ${name}`, () => starts[name]({ ...ground, atEnd })));
    }
    for (const side of sides.values()) await makeProducts(side);
    await work(sides, processes);
  } finally {
    // Services before the databases that they use.
    await endAll(folder, [processes.end, ...ends.reverse()]);
  }
}

/** What cannot be ended keeps nothing else running. */
async function endAll(folder: string, ends: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) await end().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `Not all was ended; see ${folder}`);
  rmSync(folder, { recursive: true, force: true });
}

async function makeProducts(side: Side): Promise<void> {
  for (const [name, { units }] of Object.entries(products)) {
    await side.addProducts(skusOf(name as keyof typeof products), units);
  }
}

function skusOf(name: keyof typeof products): string[] {
  return Array.from({ length: products[name].count }, (_, n) => `${name}-${String(n).padStart(4, '0')}`);
}

async function warmUp(stage: Stage): Promise<void> {
  const shape = { kind: 'place', products: 'uniform', lines: 2, load: { clients: 64 } } as const;
  for (const [name, side] of stage.sides) {
    // SQL needs no warming but for the caches, which the lead-in fills.
    if (name.startsWith('limit')) continue;
    await stage.progress.step(`warm up ${name}`, async () => {
      const startAt = Date.now();
      const job = jobOf(side, { ...shape, label: name, side: name }, 64, stage.newPrefix());
      await stage.processes.run(name, { ...job, startAt, endAt: startAt + stage.options.warmUpMs });
      await side.settle();
    });
    stage.interrupted.throwIfAborted();
  }
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
  const prepared = await prepare(stage, scenario);
  const result: ScenarioResult = { scenario, rounds: [], naiveCapacity };
  const mostRounds = options.isQuick ? options.rounds : 2 * options.rounds;
  while (cleanRounds(result).length < options.rounds && result.rounds.length < mostRounds) {
    const number = result.rounds.length;
    const round: Round = {};
    await progress.step(`${scenario.name} ${number + 1}`, async () => {
      for (const entry of rotated(scenario.entries, number)) {
        round[entry.label] = await measureEntry(stage, scenario, entry, prepared.get(entry.label), naiveCapacity);
      }
    });
    result.rounds.push(round);
  }
  return result;
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

interface Prepared {
  keyPrefix: string;
  locations: string[];
}

async function measureEntry(
  stage: Stage,
  scenario: Scenario,
  entry: Entry,
  prepared: Prepared | undefined,
  naiveCapacity = 0,
): Promise<Measurement> {
  const side = sideOf(stage, entry.side);
  const { leadInMs, windowMs } = stage.options;
  const prefix = prepared?.keyPrefix ?? stage.newPrefix();
  const job = jobOf(side, entry, naiveCapacity, prefix, prepared?.locations);
  const ownPids = [...stage.sides.values()].flatMap(pidsOf);
  const { processes, interrupted } = stage;
  return measure({ side, entry, scenario, job, leadInMs, windowMs, ownPids, processes, interrupted });
}

/** Places the orders that repeats and reads need, on each side. */
async function prepare(stage: Stage, { entries }: Scenario): Promise<Map<string, Prepared>> {
  const prepared = new Map<string, Prepared>();
  for (const entry of entries.filter(({ kind }) => kind !== 'place' && kind !== 'twins')) {
    const side = sideOf(stage, entry.side);
    const keyPrefix = stage.newPrefix();
    const job = jobOf(side, { ...entry, kind: 'place', load: { clients: 16 } }, 0, keyPrefix);
    const startAt = Date.now();
    const endAt = startAt + PREPARED_WITHIN_MS;
    const { locations } = await stage.processes.run(entry.side, { ...job, startAt, endAt, count: PREPARED_ORDERS });
    if (locations.length < PREPARED_ORDERS) {
      throw new Fault(`${entry.label} placed only ${locations.length} of ${PREPARED_ORDERS} orders to work with.`);
    }
    await side.settle();
    prepared.set(entry.label, { keyPrefix, locations });
  }
  return prepared;
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
    measureEntry(stage, scenario, { ...entry, load: { clients: 64 } }, undefined),
  );
  return rate;
}

function jobOf(
  side: Side,
  { kind, lines, products: set, load }: Entry,
  naiveCapacity: number,
  keyPrefix: string,
  locations: readonly string[] = [],
): Omit<Job, 'startAt' | 'endAt'> {
  const arrivals = 'clients' in load ? load : { perSecond: load.shareOfNaive * naiveCapacity };
  const { targets, headers } = side;
  return { work: { kind, lines, skus: skusOf(set) }, targets, headers, keyPrefix, locations, arrivals };
}

function sideOf({ sides }: Stage, name: SideName): Side {
  const side = sides.get(name);
  if (!side) throw new Error(`${name} was not started`);
  return side;
}
