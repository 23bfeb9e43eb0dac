/** The jobs of the load processes, and the orders that some of them need. */
import { Fault } from '@shop/chassis/base/fault.ts';
import type { Job } from './client/job.ts';
import type { LoadProcesses } from './load-processes.ts';
import type { Sales } from './sales.ts';
import { type Entry, PLENTY, products } from './scenarios.ts';
import type { Side } from './sides/side.ts';

export interface Workshop {
  side: Side;
  processes: LoadProcesses;
  sales: Sales | undefined;
  /** Generates keys that no earlier job used. */
  newPrefix: () => string;
}

/** A job without its times. */
export type Untimed = Omit<Job, 'startAt' | 'endAt'>;

/** Orders that were placed with these keys. */
export interface Placed {
  keyPrefix: string;
  locations: readonly string[];
}

// Orders to repeat or to read: more than clients, but few enough to place in a second or two.
const LASTING_ORDERS = 500;
// Each order can be shipped or cancelled only once, so there must be enough for the time; otherwise the job ends early.
const FRESH_ORDERS_PER_SECOND = 2_500;
const PLACED_WITHIN_MS = 120_000;
// On a busy machine a service refuses some requests, which must not abort a run.
const LEAST_PLACED_SHARE = 0.9;

/** Creates the products and their stock on a side that was just started. */
export async function makeProducts(side: Side, sales: Sales | undefined): Promise<void> {
  for (const [name, { units }] of Object.entries(products)) {
    await side.addProducts(skusOf(name as keyof typeof products), units);
  }
  if (sales) await side.addProducts(sales.skus, PLENTY);
}

function skusOf(name: keyof typeof products): string[] {
  return Array.from({ length: products[name].count }, (_, n) => `${name}-${String(n).padStart(4, '0')}`);
}

/** The job of an entry at a rate or with a number of clients; includes the orders that it needs. */
export function jobOf(workshop: Workshop, entry: Entry, arrivals: Job['arrivals'], placed?: Placed): Untimed {
  const entrance = workshop.side.entrances[entry.entrance];
  if (!entrance) throw new Error(`${entry.side} has no entrance ${entry.entrance}`);
  const kind = entry.kind === 'drain' ? 'place' : entry.kind;
  return {
    work: {
      kind,
      lines: entry.lines,
      skus: skusOf(entry.products),
      ...(kind === 'sale' && { sales: workshop.sales?.sales }),
    },
    ...entrance,
    keyPrefix: kind === 'replay' && placed ? placed.keyPrefix : workshop.newPrefix(),
    locations: placed?.locations ?? [],
    arrivals,
    ...(isFresh(entry) && { count: placed?.locations.length }),
  };
}

/** Places the orders for repeats and reads; they can be used in every measurement. */
export async function placeLasting(workshop: Workshop, entry: Entry): Promise<Placed | undefined> {
  const isLasting = entry.kind === 'replay' || entry.kind === 'read' || entry.kind === 'list';
  return isLasting ? place(workshop, entry, LASTING_ORDERS) : undefined;
}

/** Places the orders that a measurement of this length uses up. */
export async function placeFresh(workshop: Workshop, entry: Entry, ms: number): Promise<Placed | undefined> {
  return isFresh(entry) ? place(workshop, entry, Math.ceil((ms / 1_000) * FRESH_ORDERS_PER_SECOND)) : undefined;
}

function isFresh({ kind }: Entry): boolean {
  return kind === 'ship' || kind === 'cancel';
}

async function place(workshop: Workshop, entry: Entry, count: number): Promise<Placed> {
  const job = jobOf(workshop, { ...entry, kind: 'place', entrance: 'shop' }, { clients: 64 });
  const startAt = Date.now();
  const times = { startAt, endAt: startAt + PLACED_WITHIN_MS };
  const { locations } = await workshop.processes.run(entry.side, { ...job, ...times, count, keepsLocations: true });
  if (locations.length < LEAST_PLACED_SHARE * count) {
    throw new Fault(`${entry.label} placed only ${locations.length} of the ${count} orders that it needs.`);
  }
  await workshop.side.waitUntilIdle();
  return { keyPrefix: job.keyPrefix, locations };
}
