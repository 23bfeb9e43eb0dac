/** The scenarios: each has a few entries that are measured one after the other in every round. */
import type { Work } from './client/job.ts';
import type { EntranceName, SideName } from './sides/side.ts';

// More than all runs together sell of a product.
export const PLENTY = 1_000_000_000;

/** Sets of products on every side: their number, and the units of each. */
export const products = {
  uniform: { count: 1_000, units: PLENTY },
  ten: { count: 10, units: PLENTY },
  hot: { count: 1, units: PLENTY },
  soldOut: { count: 10, units: 0 },
} as const;

/** About as many as arrive in the few seconds in which a process is replaced. */
export const DRAINED_ORDERS = 10_000;

export interface Entry {
  label: string;
  side: SideName;
  entrance: EntranceName;
  /** `drain`: orders are placed while inventory-service is down, and counted when they are decided afterwards. */
  kind: Work['kind'] | 'drain';
  products: keyof typeof products;
  lines: number;
  /** A number of clients that wait for their response; or a rate, as a share of naive's rate with 64 clients. */
  load: { clients: number } | { shareOfNaive: number };
}

export interface Scenario {
  name: string;
  title: string;
  /** The unit of the rate. */
  unit: 'orders' | 'requests' | 'pairs' | 'lines';
  /** The expected outcomes. */
  expected: RegExp;
  /** Scenarios of one stage use the same sides, which are stopped before those of the next stage start. */
  stage: 'main' | 'histories' | 'processes' | 'full';
  /** Part of `--quick`. */
  quick: boolean;
  entries: readonly Entry[];
  /** Labels: the rate of the first relative to the second. */
  ratios: readonly (readonly [of: string, to: string])[];
}

type Shape = Partial<Omit<Entry, 'side'>>;

function entry(side: SideName, shape: Shape): Entry {
  const usual = { entrance: 'shop', kind: 'place', products: 'uniform', lines: 2, load: { clients: 64 } } as const;
  return { label: side, side, ...usual, ...shape };
}

const oursAgainstNaive = [['ours', 'naive']] as const;
const placing = { unit: 'orders', expected: /^201$/, stage: 'main', quick: true, ratios: oursAgainstNaive } as const;
const asking = { ...placing, unit: 'requests', quick: false } as const;
const throughGateway = entry('ours', { label: 'ours, through the gateway', entrance: 'gateway' });
const oursUniform = entry('ours', { label: 'ours, 1,000 SKUs' });
const againstUniform = [...oursAgainstNaive, ['ours', oursUniform.label]] as const;

function inWords(clients: number): string {
  return clients === 1 ? '1 client' : `${clients} clients`;
}

function uniform(clients: number, more: readonly Entry[] = []): Scenario {
  const load = { clients };
  const title = `two SKUs of 1,000, ${inWords(clients)}`;
  const entries = [entry('ours', { load }), entry('naive', { load }), ...more];
  const ratios = more.map(({ label }) => ['ours', label] as const);
  return { ...placing, name: `uniform-${clients}`, title, entries, ratios: [...oursAgainstNaive, ...ratios] };
}

function against(name: string, title: string, shape: Shape, more: Partial<Scenario> = {}): Scenario {
  const entries = [entry('ours', shape), entry('naive', shape), ...(more.entries ?? [])];
  return { ...placing, name, title, ...more, entries };
}

function oursAlone(name: string, title: string, shape: Shape & { load?: { clients: number } }): Scenario {
  return {
    ...asking,
    name,
    title: `${title}, ${inWords(shape.load?.clients ?? 64)}`,
    expected: /^200$/,
    entries: [entry('ours', shape)],
    ratios: [],
  };
}

const byProcesses = (
  [
    ['ours', 1],
    ['ours-2', 2],
    ['ours-4', 4],
    ['ours-8', 8],
  ] as const
).map(([side, count]) => entry(side, { label: `ours, ${count} ${count === 1 ? 'process' : 'processes'}` }));

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  uniform(1, [entry('floor', { load: { clients: 1 } })]),
  uniform(16, [entry('floor', { load: { clients: 16 } })]),
  uniform(64, [
    entry('floor', {}),
    // As many connections as the services have to each database; as many concurrent sets as order-service has batches.
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
  against('sales', 'orders of a real shop, 64 clients', { kind: 'sale' }, { unit: 'lines', quick: false }),
  oursAlone('ship', 'POST /orders/{id}/shipment', { kind: 'ship', entrance: 'backOffice' }),
  oursAlone('cancel', 'POST /orders/{id}/cancellation', { kind: 'cancel' }),
  oursAlone('adjust', 'POST /products/{sku}/adjustments', { kind: 'adjust', entrance: 'stock' }),
  oursAlone('movements', 'GET /products/{sku}/movements', { kind: 'movements', entrance: 'stock' }),
  oursAlone('scrape-orders', 'GET /metrics of order-service', { kind: 'scrape', load: { clients: 1 } }),
  oursAlone('scrape-stock', 'GET /metrics of inventory-service', {
    kind: 'scrape',
    entrance: 'stock',
    load: { clients: 1 },
  }),
  {
    ...placing,
    name: 'gateway',
    title: 'through the local gateway, two SKUs of 1,000, 64 clients',
    quick: false,
    entries: [throughGateway, entry('ours', {}), entry('naive', {})],
    ratios: [
      [throughGateway.label, 'ours'],
      [throughGateway.label, 'naive'],
    ],
  },
  // The last of its stage, because it stops a warm process.
  {
    ...placing,
    name: 'drain',
    title: `${DRAINED_ORDERS.toLocaleString('en-US')} orders that waited for inventory-service, against placing them with it`,
    quick: false,
    entries: [entry('ours', { label: 'ours, draining', kind: 'drain' }), entry('ours', { label: 'ours, placing' })],
    ratios: [['ours, draining', 'ours, placing']],
  },
  {
    ...placing,
    name: 'histories',
    title: 'orders of shoppers, whose histories account-service keeps, against those of machines, 64 clients',
    stage: 'histories',
    quick: false,
    entries: [entry('ours-shoppers', { label: 'ours, with histories' }), entry('ours', {})],
    ratios: [['ours, with histories', 'ours']],
  },
  {
    ...placing,
    name: 'two-processes',
    title: 'two processes per service, two SKUs of 1,000, 64 clients',
    stage: 'processes',
    quick: false,
    entries: [entry('ours-2', { label: 'ours' }), entry('naive-2', { label: 'naive' })],
  },
  {
    ...placing,
    name: 'processes',
    title: '1, 2, 4 and 8 processes per service, two SKUs of 1,000, 64 clients',
    stage: 'processes',
    quick: false,
    entries: byProcesses,
    ratios: byProcesses.slice(1).map(({ label }) => [label, byProcesses[0]?.label ?? ''] as const),
  },
];

export const FULL_LABEL = 'ours, full tables';

/** The scenario on full tables, compared with empty ones; undefined if not applicable. */
export function onFullTables(scenario: Scenario): Scenario | undefined {
  const [ours] = scenario.entries;
  const isOf = ours?.side === 'ours' && ours.entrance !== 'gateway' && ours.kind !== 'drain' && 'clients' in ours.load;
  if (!isOf || scenario.stage !== 'main') return undefined;
  return {
    ...scenario,
    name: `${scenario.name}-full`,
    title: `${scenario.title}, on full tables`,
    stage: 'full',
    entries: [ours, { ...ours, side: 'ours-full', label: FULL_LABEL }],
    ratios: [[FULL_LABEL, ours.label]],
  };
}

/** The scenarios of the quick run, without the sides that only show limits. */
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
