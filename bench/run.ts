/** A run: scenario by scenario, round by round. */
import type { Progress } from '@shop/local/progress.ts';
import { measureDrain } from './drain.ts';
import { jobOf, type Placed, placeFresh, placeLasting } from './jobs.ts';
import { type Measurement, measure } from './measure.ts';
import type { Options } from './options.ts';
import { openProfiler, type Profiler } from './profile/profiler.ts';
import { profileFolder, writeProfiles } from './profile/write-profiles.ts';
import { readSales } from './sales.ts';
import type { Entry, Scenario } from './scenarios.ts';
import { pidsOf, type SideName } from './sides/side.ts';
import { type Setting, type Stage, withSides, workshopOf } from './stage.ts';
import { rotated, spreadOf } from './statistics.ts';
import { warmUp, warmWay } from './warm-up.ts';

/** By label; undefined if the entry was not measured. */
export type Round = Record<string, Measurement>;

export interface ScenarioResult {
  scenario: Scenario;
  rounds: Round[];
  /** Requests per second that naive handled; the rates of open loads are shares of it. */
  naiveCapacity?: number;
}

export interface RunResult {
  results: ScenarioResult[];
  /** Settings and versions reported by the servers, by side. */
  servers: Partial<Record<SideName, Record<string, Record<string, string>>>>;
  /** The source of the real orders. */
  sales: string | undefined;
  /** Orders in the full tables. */
  rows: number | undefined;
  /** The folder with the profiles. */
  profiles: string | undefined;
}

export interface Reporting {
  progress: Progress;
  onServers: (servers: RunResult['servers']) => void;
  onScenario: (result: ScenarioResult) => void;
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
  for (const name of ['main', 'histories', 'processes', 'full'] as const) {
    const chosen = options.scenarios.filter(({ stage }) => stage === name);
    if (chosen.length === 0) continue;
    await withSides(sidesOf(chosen), setting, async (stage) => {
      // For each stage, because it refuses servers that are not durable.
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

/** Repeats rounds until enough are clean, or twice as many were measured. */
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

/** An additional measurement whose numbers do not count, because profiling takes time. */
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

/** The rounds for the report: the clean ones, or all if none is clean. */
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
  // Its inventory-service was restarted.
  await warmUp(stage, entry.side);
  return measured;
}

/** The rate of naive with 64 clients: from this run, otherwise measured now. */
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
  if (!entry) throw new Error(`${scenario.name} has no naive side for its rate`);
  const { rate } = await stage.progress.step('capacity of naive', () =>
    measureEntry(stage, scenario, { ...entry, load: { clients: 64 } }),
  );
  return rate;
}
