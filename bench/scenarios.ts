/** What is measured: each scenario is a few entries that are measured one after the other in every round. */
import type { Work } from './client/job.ts';
import type { SideName } from './sides/side.ts';

/** Sets of products, made on every side: so many, with so many units each. */
export const products = {
  uniform: { count: 1_000, units: 1_000_000_000 },
  ten: { count: 10, units: 1_000_000_000 },
  hot: { count: 1, units: 1_000_000_000 },
  soldOut: { count: 10, units: 0 },
} as const;

export interface Entry {
  label: string;
  side: SideName;
  kind: Work['kind'];
  products: keyof typeof products;
  lines: number;
  /** Clients that wait for their answer; or a share of what naive takes with 64 of them, whatever the answers do. */
  load: { clients: number } | { shareOfNaive: number };
}

export interface Scenario {
  name: string;
  title: string;
  /** What is counted. */
  unit: 'orders' | 'requests' | 'pairs';
  /** What should come back. */
  expected: RegExp;
  processes: 1 | 2;
  /** Part of `--quick`. */
  quick: boolean;
  entries: readonly Entry[];
  /** Labels: the rate of the first in terms of the second. */
  ratios: readonly (readonly [of: string, to: string])[];
}

type Shape = Partial<Pick<Entry, 'kind' | 'products' | 'lines' | 'load' | 'label'>>;

function entry(side: SideName, shape: Shape): Entry {
  return { label: side, side, kind: 'place', products: 'uniform', lines: 2, load: { clients: 64 }, ...shape };
}

const oursAgainstNaive = [['ours', 'naive']] as const;
const placing = { unit: 'orders', expected: /^201$/, processes: 1, quick: true, ratios: oursAgainstNaive } as const;
const asking = { ...placing, unit: 'requests', quick: false } as const;
const oursUniform = entry('ours', { label: 'ours, 1,000 SKUs' });
const againstUniform = [...oursAgainstNaive, ['ours', oursUniform.label]] as const;

function uniform(clients: number, more: readonly Entry[] = []): Scenario {
  const load = { clients };
  const title = `two SKUs of 1,000, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
  const entries = [entry('ours', { load }), entry('naive', { load }), ...more];
  const ratios = more.map(({ label }) => ['ours', label] as const);
  return { ...placing, name: `uniform-${clients}`, title, entries, ratios: [...oursAgainstNaive, ...ratios] };
}

function against(name: string, title: string, shape: Shape, more: Partial<Scenario> = {}): Scenario {
  const entries = [entry('ours', shape), entry('naive', shape), ...(more.entries ?? [])];
  return { ...placing, name, title, ...more, entries };
}

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  uniform(1, [entry('floor', { load: { clients: 1 } })]),
  uniform(16, [entry('floor', { load: { clients: 16 } })]),
  uniform(64, [
    entry('floor', {}),
    // As many connections as the services have to each database; as many sets at a time as order-service has batches.
    entry('limit-rows', { load: { clients: 10 } }),
    entry('limit-sets', { load: { clients: 3 } }),
  ]),
  { ...uniform(256), quick: false },
  against(
    'hot',
    'one hot SKU, 64 clients',
    { products: 'hot', lines: 1 },
    { entries: [oursUniform], ratios: againstUniform },
  ),
  against(
    'ten',
    'two of 10 SKUs in the client’s order, 64 clients',
    { products: 'ten' },
    { entries: [oursUniform], ratios: againstUniform },
  ),
  against(
    'replays',
    'repeats of placed orders, 64 clients',
    { kind: 'replay' },
    {
      unit: 'requests',
      entries: [entry('one-hop', {})],
      ratios: [...oursAgainstNaive, ['ours', 'one-hop']],
    },
  ),
  against(
    'twins',
    'every order twice at once, 32 pairs',
    { kind: 'twins', load: { clients: 32 } },
    { unit: 'pairs', expected: /^201(\+201|\+409.*)?$/ },
  ),
  against(
    'refused',
    'refused for stock, 64 clients',
    { products: 'soldOut' },
    { ...asking, unit: 'orders', expected: /^409/ },
  ),
  against('read', 'GET /orders/{id}, 64 clients', { kind: 'read' }, { ...asking, expected: /^200$/ }),
  against(
    'list',
    'GET /orders, 50 to a page, 16 clients',
    { kind: 'list', load: { clients: 16 } },
    {
      ...asking,
      expected: /^200$/,
    },
  ),
  against(
    'open-half',
    'at half of naive’s capacity, from the scheduled time',
    { load: { shareOfNaive: 0.5 } },
    { quick: false, ratios: [] },
  ),
  against(
    'open-full',
    'at all of naive’s capacity, from the scheduled time',
    { load: { shareOfNaive: 1 } },
    { quick: false, ratios: [] },
  ),
  against(
    'two-processes',
    'two processes per service, two SKUs of 1,000, 64 clients',
    {},
    { processes: 2, quick: false },
  ),
];

/** Those of the quick run: without the sides that only say where the limits are. */
export function quickScenarios(): Scenario[] {
  const isNeeded = ({ side }: Entry) => !['floor', 'limit-rows', 'limit-sets'].includes(side);
  return scenarios
    .filter(({ quick }) => quick)
    .map((scenario) => {
      const entries = scenario.entries.filter(isNeeded);
      const has = (label: string) => entries.some((one) => one.label === label);
      return { ...scenario, entries, ratios: scenario.ratios.filter(([of, to]) => has(of) && has(to)) };
    });
}
