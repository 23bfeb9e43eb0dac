/** The performance goals of the services, relative to the usual implementation in the same run on the same machine. */
import type { Measurement } from './measure.ts';
import { cleanRounds, type ScenarioResult, usedRounds } from './run.ts';
import { FULL_LABEL } from './scenarios.ts';
import { ratioOver, type Spread, spreadOf } from './statistics.ts';

export interface Goal {
  title: string;
  scenario: string;
  /** The promised value and the target. */
  must: number;
  goal: number;
  better: 'more' | 'less';
  unit: 'x' | 'MB' | 'errors';
  of: (result: ScenarioResult) => Spread | undefined;
}

/** A goal with its result; undefined: not measured in this run. */
export interface Verdict extends Goal {
  value: Spread | undefined;
  isClean: boolean;
  meets: 'goal' | 'must' | 'neither' | undefined;
}

type Number = (measurement: Measurement) => number;
const rate: Number = (measurement) => measurement.rate;

/** A value of one of our entries, relative to another entry. */
function ratio(of: Number, to: string, ours = 'ours'): Goal['of'] {
  return (result) =>
    ratioOver(
      usedRounds(result),
      (round) => round[ours] && of(round[ours]),
      (round) => round[to] && of(round[to]),
    );
}

function ofOurs(of: Number): Goal['of'] {
  return (result) => spreadOf(usedRounds(result).flatMap((round) => (round.ours ? [of(round.ours)] : [])));
}

const more = { better: 'more', unit: 'x' } as const;
const less = { better: 'less', unit: 'x' } as const;
const againstNaive = (clients: number) => ({
  ...more,
  title: `orders/s against naive, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
  scenario: `uniform-${clients}`,
  of: ratio(rate, 'naive'),
});
const p99: Number = (measurement) => measurement.p99;
const failed: Number = ({ failures }) => Object.values(failures).reduce((sum, count) => sum + count, 0);

export const goals: readonly Goal[] = [
  { ...againstNaive(1), must: 1, goal: 1.2 },
  { ...againstNaive(16), must: 2.3, goal: 3 },
  { ...againstNaive(64), must: 4, goal: 5 },
  { ...more, title: 'one hot SKU, against naive’s', scenario: 'hot', must: 4, goal: 6, of: ratio(rate, 'naive') },
  {
    ...more,
    title: 'one hot SKU, against our own 1,000 SKUs',
    scenario: 'hot',
    must: 0.8,
    goal: 0.9,
    of: ratio(rate, 'ours, 1,000 SKUs'),
  },
  {
    better: 'less',
    unit: 'errors',
    title: 'two of 10 SKUs, errors',
    scenario: 'ten',
    must: 0,
    goal: 0,
    of: ofOurs(failed),
  },
  {
    ...more,
    title: 'two of 10 SKUs, against our own 1,000 SKUs',
    scenario: 'ten',
    must: 0.8,
    goal: 0.9,
    of: ratio(rate, 'ours, 1,000 SKUs'),
  },
  {
    ...less,
    title: 'p99 at half of naive’s capacity, against naive’s',
    scenario: 'open-half',
    must: 1,
    goal: 0.8,
    of: ratio(p99, 'naive'),
  },
  {
    ...less,
    title: 'p99 at all of naive’s capacity, against naive’s',
    scenario: 'open-full',
    must: 0.5,
    goal: 0.33,
    of: ratio(p99, 'naive'),
  },
  {
    ...less,
    title: 'processor time per order at 64 clients, against naive’s',
    scenario: 'uniform-64',
    must: 0.25,
    goal: 0.15,
    of: ratio(({ cpuMs }) => cpuMs, 'naive'),
  },
  {
    ...more,
    title: 'repeats against bare Express with one hop',
    scenario: 'replays',
    must: 0.4,
    goal: 0.6,
    of: ratio(rate, 'one-hop'),
  },
  {
    ...more,
    title: 'lines/s of a real shop’s orders, against naive’s',
    scenario: 'sales',
    must: 2,
    goal: 4,
    of: ratio(rate, 'naive'),
  },
  {
    ...more,
    title: 'orders/s on full tables, against empty ones',
    scenario: 'uniform-64-full',
    must: 0.8,
    goal: 0.95,
    of: ratio(rate, 'ours', FULL_LABEL),
  },
  {
    ...more,
    title: 'draining after an outage, against placing synchronously',
    scenario: 'drain',
    must: 1,
    goal: 1.5,
    of: ratio(rate, 'ours, placing', 'ours, draining'),
  },
  {
    better: 'less',
    unit: 'MB',
    title: 'memory of each service at 256 clients',
    scenario: 'uniform-256',
    must: 250,
    goal: 150,
    of: ofOurs(({ memoryMb }) => memoryMb),
  },
];

/** The result of each goal in this run. */
export function judge(results: readonly ScenarioResult[]): Verdict[] {
  return goals.map((goal) => {
    const result = results.find(({ scenario }) => scenario.name === goal.scenario);
    const value = result && goal.of(result);
    const isClean = result !== undefined && cleanRounds(result).length > 0;
    return { ...goal, value, isClean, meets: value && meetsOf(goal, value.median) };
  });
}

function meetsOf({ must, goal, better }: Goal, value: number): Verdict['meets'] {
  const reaches = (line: number) => (better === 'more' ? value >= line : value <= line);
  if (reaches(goal)) return 'goal';
  return reaches(must) ? 'must' : 'neither';
}
