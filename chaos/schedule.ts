/**
 * Which fault happens when: computed before the run from the seed alone, so that a run's faults can be repeated. What the
 * system is doing at that time depends on the machine and differs from run to run.
 */
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import type { ClockError } from './clock.ts';
import { type LinkMode, type LinkName, linkNames } from './network.ts';
import { makeRandom } from './random.ts';

export const faultKinds = [
  'kill',
  'pause',
  'restart',
  'broker',
  'connections',
  'postgres',
  'network',
  'clock',
  'disk',
  'gateway',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One fault: `how` happens to `part` at `at` and is undone after `lasts`, both in milliseconds. */
export interface PlannedFault {
  kind: FaultKind;
  /** A part of the system, or a link between two. */
  part: string;
  how: 'kill' | 'pause' | 'stop' | 'cut' | ClockError | 'alarm' | Exclude<LinkMode, 'pass'>;
  at: number;
  lasts: number;
}

interface Shape {
  parts: readonly string[];
  how: readonly PlannedFault['how'][];
  shortest: number;
  longest: number;
  /** How often, relative to the others. */
  weight?: number;
  /** How long causing and undoing takes, if that is long. */
  overhead?: number;
}

const ofTheCore = ['order-1', 'order-2', 'inventory-1', 'inventory-2'] as const;
const processes = [...ofTheCore, 'account-1', 'account-2'] as const;
const databases = ['order-db', 'inventory-db', 'account-db'] as const;

const shapes: Record<FaultKind, Shape> = {
  kill: { parts: processes, how: ['kill'], shortest: 100, longest: 3_000 },
  // Longer than every request deadline, and sometimes so long that the completer considers the process dead.
  pause: { parts: processes, how: ['pause'], shortest: 300, longest: 9_000 },
  restart: { parts: processes, how: ['stop'], shortest: 100, longest: 2_000 },
  broker: { parts: ['broker'], how: ['stop', 'kill', 'pause'], shortest: 500, longest: 5_000 },
  connections: { parts: databases, how: ['cut'], shortest: 0, longest: 0 },
  postgres: { parts: databases, how: ['stop', 'kill'], shortest: 200, longest: 3_000 },
  // More, because there are many links and many ways to break one.
  network: {
    parts: linkNames,
    how: ['blackhole', 'refuse', 'lose-answers', 'delay'],
    shortest: 300,
    longest: 5_000,
    weight: 4,
  },
  // The process is restarted twice, so it needs time to do any work with that clock. Not account-service: whether a used refresh
  // token comes too late is decided by its clocks.
  clock: { parts: ofTheCore, how: ['ahead', 'behind'], shortest: 2_000, longest: 6_000, overhead: 5_000 },
  // Shorter and longer than the 5 s in which a publisher expects its confirm.
  disk: { parts: ['broker'], how: ['alarm'], shortest: 500, longest: 7_000, overhead: 3_000 },
  gateway: { parts: ['gateway'], how: ['kill', 'pause', 'stop'], shortest: 100, longest: 2_500 },
};

// Longer runs get more: about one of each kind every 20 s.
const SECONDS_PER_FAULT = 20;
/** The minimum of each kind for a conclusive run. */
export const MIN_OF_A_KIND = 3;
// The first orders come before the first fault, and the last fault has time to take effect.
const QUIET_START_MS = 2_000;
const QUIET_END_MS = 2_000;
// A part that was just restarted gets a pause before its next fault.
const PAUSE_AFTER_START_MS = 2_500;
// In a short run the longest faults and this pause are shorter, because the faults of a kind would not fit otherwise.
const FULL_LENGTH_MS = 60_000;
const LONG_FREEZE_MS = 33_000;
const MIN_RUN_WITH_FREEZE_MS = 60_000;

/** The faults of a run, by time. Faults overlap, but a part has one at a time. */
export function planFaults(seed: number, seconds: number, kinds: readonly FaultKind[]): PlannedFault[] {
  const { pick, between } = makeRandom(seed);
  const end = seconds * 1_000 - QUIET_END_MS;
  const share = Math.min(1, (seconds * 1_000) / FULL_LENGTH_MS);
  const planned: PlannedFault[] = [];

  function place(kind: FaultKind, from: number, to: number): PlannedFault {
    const { parts, how, shortest, longest } = shapes[kind];
    // Some attempts at this time for a free part, then at any time; in a full schedule the last attempt is used, even if the
    // part is down then.
    let fault: PlannedFault;
    let tries = 0;
    do {
      const lasts = between(shortest, Math.max(shortest, Math.round(longest * share)));
      const [earliest, latest] = tries < 100 ? [Math.min(from, end - lasts), to] : [QUIET_START_MS, end];
      const at = between(earliest, Math.max(earliest, Math.min(latest, end - lasts)));
      fault = { kind, part: pick(parts), how: pick(how), at, lasts };
      tries += 1;
    } while (tries < 300 && planned.some((other) => collide(fault, other, PAUSE_AFTER_START_MS * share)));
    return fault;
  }

  // Once, a process is frozen for longer than its leases, and resumes with results that are no longer awaited. It is placed
  // first, because the other faults can be arranged around it.
  if (kinds.includes('pause') && seconds * 1_000 >= MIN_RUN_WITH_FREEZE_MS) {
    const at = between(QUIET_START_MS, end - LONG_FREEZE_MS);
    planned.push({ kind: 'pause', part: pick(['order-1', 'order-2']), how: 'pause', at, lasts: LONG_FREEZE_MS });
  }
  for (const kind of kinds) {
    const count = Math.max(MIN_OF_A_KIND, Math.round(seconds / SECONDS_PER_FAULT)) * (shapes[kind].weight ?? 1);
    const slot = (end - QUIET_START_MS) / count;
    for (let n = 0; n < count; n += 1) {
      planned.push(place(kind, Math.round(QUIET_START_MS + n * slot), Math.round(QUIET_START_MS + (n + 1) * slot)));
    }
  }
  return planned.sort(orderBy(({ at }) => at));
}

// Added faults come after all others, so a short time is enough.
const MADE_UP_LONGEST_MS = 1_500;
const MADE_UP_SPACING_MS = 700;

/** Additional faults, one for each kind in the list, soon and one after another. */
export function planMore(seed: number, kinds: readonly FaultKind[]): PlannedFault[] {
  const { pick, between } = makeRandom(seed);
  return kinds.map((kind, index) => {
    const { parts, how, shortest, longest } = shapes[kind];
    const lasts = between(shortest, Math.max(shortest, Math.min(longest, MADE_UP_LONGEST_MS)));
    return { kind, part: pick(parts), how: pick(how), at: index * MADE_UP_SPACING_MS, lasts };
  });
}

// Long enough to measure calls after the first second, or after the database has ended the transactions of a frozen
// inventory-service (availability.ts).
const ALONE_LASTS_MS = 5_000;
const FROZEN_INVENTORY_LASTS_MS = 9_000;
const ALONE_AFTER_MS = 3_000;

/** Kills and freezes one process of each service, one after another; `at` is the pause before each. */
export function planAlone(seed: number, kinds: readonly FaultKind[]): PlannedFault[] {
  const { pick } = makeRandom(seed ^ 0xa10e);
  const pairs = { order: ['order-1', 'order-2'], inventory: ['inventory-1', 'inventory-2'] } as const;
  return (['kill', 'pause'] as const)
    .filter((how) => kinds.includes(how))
    .flatMap((how) =>
      (['order', 'inventory'] as const).map((service) => ({
        kind: how,
        part: pick(pairs[service]),
        how,
        at: ALONE_AFTER_MS,
        lasts: how === 'pause' && service === 'inventory' ? FROZEN_INVENTORY_LASTS_MS : ALONE_LASTS_MS,
      })),
    );
}

/** Whether a fault breaks a link. */
export function linkOf({ kind, part }: PlannedFault): LinkName | undefined {
  return kind === 'network' ? linkNames.find((name) => name === part) : undefined;
}

function collide(one: PlannedFault, other: PlannedFault, pause: number): boolean {
  const endOf = ({ kind, at, lasts }: PlannedFault) => at + lasts + (shapes[kind].overhead ?? 0) + pause;
  return one.part === other.part && one.at < endOf(other) && other.at < endOf(one);
}
