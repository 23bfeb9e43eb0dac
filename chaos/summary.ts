import type { Evidence, SessionCall } from './evidence.ts';
import type { CallKind, Operation } from './history.ts';
import { verdictOf } from './history.ts';
import type { DoneFault } from './nemesis.ts';
import type { FaultKind } from './schedule.ts';
import { MIN_OF_A_KIND } from './schedule.ts';

export interface Counts {
  orders: number;
  twins: number;
  repeats: number;
  otherPayloads: number;
  sharedKeys: number;
  cancellations: number;
  shipments: number;
  faults: Partial<Record<FaultKind, number>>;
}

/** The counts of a run. */
export function countRun(operations: readonly Operation[], faults: readonly DoneFault[]): Counts {
  const executed = (kind: CallKind) =>
    operations.filter(({ kind: one, tries }) => one === kind && tries.some(({ answer }) => answer?.status === 200))
      .length;
  const placements = operations.filter(({ kind }) => kind === 'place');
  const keyed = operations.filter(({ kind }) => kind !== 'read');
  const kinds = Map.groupBy(
    faults.filter(({ effect }) => effect),
    ({ kind }) => kind,
  );
  return {
    orders: placements.filter(({ tries }) => tries.some((one) => orderExists(one))).length,
    twins: keyed.filter(hasTwins).length,
    repeats: keyed.reduce((sum, { tries }) => sum + Math.max(0, tries.length - 1), 0),
    otherPayloads: keyed.filter(({ tries }) => tries.some(({ variant }) => variant > 0)).length,
    sharedKeys: placements.length - new Set(placements.map(({ key }) => key)).size,
    cancellations: executed('cancel'),
    shipments: executed('ship'),
    faults: Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length])),
  };
}

export interface ShopperCounts {
  orders: number;
  signIns: number;
  refreshes: number;
  /** Refreshes that took effect for sure, or perhaps, and whose answer did not arrive. */
  lostAnswers: number;
  signOuts: number;
  thefts: number;
}

/** What shoppers did. */
export function countShoppers({ orders, sessions }: Pick<Evidence, 'orders' | 'sessions'>): ShopperCounts {
  const calls = sessions.flatMap((session) => session.calls);
  const count = (isIt: (call: SessionCall) => boolean) => calls.filter(isIt).length;
  return {
    orders: orders.filter(({ client }) => client === 'web').length,
    signIns: count(({ what, status }) => what === 'sign-in' && status === 201),
    refreshes: count(({ what, status }) => what === 'refresh' && status === 200),
    lostAnswers: count(({ what, status }) => what === 'refresh' && status === undefined),
    signOuts: count(({ what, status }) => what === 'sign-out' && status === 204),
    thefts: count(({ what, status }) => what === 'stolen' && status === 401),
  };
}

function orderExists(one: Operation['tries'][number]): boolean {
  return verdictOf(one) === 'final' || verdictOf(one) === 'accepted';
}

/** Whether two attempts with the same body overlapped. */
function hasTwins({ tries }: Operation): boolean {
  const [first, second] = tries;
  return (
    first !== undefined && second !== undefined && first.variant === second.variant && second.sentAt < first.endedAt
  );
}

// The minimum for a conclusive run, however short.
const enough = { orders: 1_000, twins: 50, cancellations: 50, shipments: 50 };
const enoughOfShoppers = { orders: 20, lostAnswers: 5, signOuts: 5 };

/** What was too little; `kind` for faults. */
export interface Shortfall {
  what: string;
  had: number;
  need: number;
  kind?: FaultKind;
}

export function shortfalls(counts: Counts, kinds: readonly FaultKind[]): Shortfall[] {
  const work = Object.entries(enough).map(([what, need]) => ({
    what,
    need,
    had: counts[what as keyof typeof enough],
  }));
  const faults = kinds.map((kind) => ({
    what: `faults of kind ${kind}`,
    need: MIN_OF_A_KIND,
    had: counts.faults[kind] ?? 0,
    kind,
  }));
  return [...work, ...faults].filter(({ had, need }) => had < need);
}

/** Why a run is inconclusive; empty if it is conclusive. */
export function reasonsForDoubt(counts: Counts, kinds: readonly FaultKind[]): string[] {
  return shortfalls(counts, kinds).map(({ what, had, need }) => `${had} ${what}, ${need} are needed`);
}

/** The same for what shoppers did. */
export function doubtsAboutShoppers(counts: ShopperCounts): string[] {
  return Object.entries(enoughOfShoppers)
    .filter(([what, need]) => counts[what as keyof ShopperCounts] < need)
    .map(([what, need]) => `${counts[what as keyof ShopperCounts]} ${what} of shoppers, ${need} are needed`);
}

/** The number of responses by kind of call. */
export function countAnswers(operations: readonly Operation[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  for (const { kind, tries } of operations) {
    table[kind] ??= {};
    for (const { answer, cause } of tries) {
      const name = answer ? [answer.status, answer.code].filter(Boolean).join(' ') : (cause ?? 'no answer');
      table[kind][name] = (table[kind][name] ?? 0) + 1;
    }
  }
  return table;
}

/** The slowest response of a service by kind of call, in milliseconds; the gateway's own responses do not count. */
export function slowestAnswers(operations: readonly Operation[]): Partial<Record<CallKind, number>> {
  const byKind = Map.groupBy(operations, ({ kind }) => kind);
  return Object.fromEntries(
    [...byKind].map(([kind, all]) => {
      const times = all.flatMap(({ tries }) => tries.filter(({ answer }) => answer && answer.status < 500));
      return [kind, Math.round(Math.max(0, ...times.map(({ sentAt, endedAt }) => endedAt - sentAt)))] as const;
    }),
  );
}

/** The longest time in which calls of a kind were made and none was served, in milliseconds. */
export function longestOutages(operations: readonly Operation[], until: number): Partial<Record<CallKind, number>> {
  const byKind = Map.groupBy(operations, ({ kind }) => kind);
  const outages = [...byKind].map(([kind, all]) => {
    const served = all.flatMap(({ tries }) =>
      tries.filter((one) => one.answer && one.answer.status < 500 && one.answer.status !== 429),
    );
    const failed = all
      .flatMap(({ tries }) => tries.filter((one) => !one.answer || one.answer.status >= 500))
      .map(({ sentAt }) => sentAt);
    const times = [0, ...served.map(({ endedAt }) => endedAt).filter((at) => at < until), until].sort((a, b) => a - b);
    failed.sort((a, b) => a - b);
    let longest = 0;
    for (const [index, end] of times.entries()) {
      const begin = times[index - 1] ?? 0;
      const isTried = failed.some((at) => at >= begin && at <= end);
      if (isTried) longest = Math.max(longest, end - begin);
    }
    return [kind, Math.round(longest)] as const;
  });
  return Object.fromEntries(outages);
}
