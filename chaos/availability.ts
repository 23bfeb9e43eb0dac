/**
 * How well calls were served while one of two processes of a service was down and nothing else was broken: the fault
 * that happens most often, and that clients should not notice.
 */
import type { CallKind, Operation, Try } from './history.ts';
import type { DoneFault } from './nemesis.ts';

export interface Shares {
  calls: number;
  /** First responses to new orders with 202: accepted, stock not decided. */
  accepted: number;
  /** 5xx, or no response. */
  failed: number;
  /** The longest time without a served call. */
  longestGapMs: number;
}

/** `what`: the whole run, the time without faults, or the process that was down. */
export interface Availability {
  what: string;
  kinds: Partial<Record<CallKind, Shares>>;
}

export const wholeRun = 'whole run';
export const nothingBroken = 'nothing broken';

// Calls to a process at the moment it dies may fail; within a second, calls must go to the other processes.
const NOTICE_MS = 1_000;
/**
 * A frozen process of inventory-service may hold rows. Its database ends that transaction after 2 s. Calls to the other
 * process that wait for such a row may open its breaker too, for another second. Measured under load with a process
 * that was frozen while it held locks: the last 202 was sent 3 to 3.5 s after the freeze.
 */
export const LOCKS_GONE_MS = 4_000;

interface Period {
  what: string;
  from: number;
  to: number;
}

/** For the whole run, for the time before the first fault, and for each fault that happened alone. */
export function measureAvailability(
  operations: readonly Operation[],
  faults: readonly DoneFault[],
  until: number,
): Availability[] {
  const firstFault = Math.min(until, ...faults.map(({ began }) => began));
  const alone = faults
    .filter(({ isAlone, effect }) => isAlone && effect)
    .map(({ part, how, began, ended }) => {
      const holdsRows = how === 'pause' && part.startsWith('inventory');
      return { what: `${part} ${how}`, from: began + (holdsRows ? LOCKS_GONE_MS : NOTICE_MS), to: ended };
    });
  const periods: Period[] = [
    { what: wholeRun, from: 0, to: until },
    { what: nothingBroken, from: 0, to: firstFault },
    ...alone,
  ];
  // Orders of shoppers are placed past the gateway.
  const byKind = [
    ...Map.groupBy(
      operations.filter(({ client }) => client !== 'web'),
      ({ kind }) => kind,
    ),
  ];
  return periods.map((period) => ({
    what: period.what,
    kinds: Object.fromEntries(byKind.map(([kind, all]) => [kind, sharesOf(all, period)])),
  }));
}

function sharesOf(operations: readonly Operation[], { from, to }: Period): Shares {
  const isWithin = (at: number) => at >= from && at < to;
  // A retry of an accepted order gets 202 as long as that order waits, for any reason.
  const first = operations.flatMap(({ tries }) => tries.slice(0, 1)).filter((one) => isWithin(one.sentAt));
  const ends = operations
    .flatMap(({ tries }) => tries)
    .filter((one) => isServed(one) && isWithin(one.endedAt))
    .map(({ endedAt }) => endedAt)
    .sort((a, b) => a - b);
  const gaps = [...ends, to].map((at, index) => at - (ends[index - 1] ?? from));
  return {
    calls: first.length,
    accepted: first.filter(({ answer }) => answer?.status === 202).length,
    failed: first.filter((one) => hasFailed(one)).length,
    longestGapMs: Math.round(Math.max(0, ...gaps)),
  };
}

function isServed({ answer }: Try): boolean {
  return answer !== undefined && answer.status < 500 && answer.status !== 429;
}

/** A call that the client itself aborted did not fail. */
function hasFailed({ answer, cause }: Try): boolean {
  return answer ? answer.status >= 500 : cause !== 'gave up waiting';
}

/** Limits for calls after the first second, in addition to what fails on this machine without faults. */
export const MAX_ACCEPTED_SHARE = 0.05;
export const MAX_FAILED_SHARE = 0.05;
/** Longer than an order may take, and than the gateway needs to stop using a process. */
export const MAX_GAP_MS = 3_000;
// Fewer calls are not enough to judge a share of one in twenty.
const MIN_CALLS = 40;

/** Descriptions of exceeded limits; `judged` is the number of shares with enough calls. */
export function availabilityFaults(all: readonly Availability[]): {
  judged: number;
  faults: { what: string; expected: string; found: string }[];
} {
  const usual = all.find(({ what }) => what === nothingBroken)?.kinds ?? {};
  const faults: { what: string; expected: string; found: string }[] = [];
  let judged = 0;
  for (const { what, kinds } of all) {
    if (what === wholeRun || what === nothingBroken) continue;
    for (const [kind, shares] of Object.entries(kinds)) {
      if (shares.calls < MIN_CALLS) continue;
      judged += 1;
      const before = usual[kind as CallKind];
      const most = (limit: number, count = 0) =>
        atMost(shares.calls, limit + (before?.calls ? count / before.calls : 0));
      const mostGap = MAX_GAP_MS + (before?.longestGapMs ?? 0);
      const subject = `${kind} during ${what}`;
      const wrong = (expected: string, found: string) => faults.push({ what: subject, expected, found });
      const [accepted, failed] = [most(MAX_ACCEPTED_SHARE, before?.accepted), most(MAX_FAILED_SHARE, before?.failed)];
      if (shares.accepted > accepted) wrong(`at most ${accepted} of ${shares.calls} × 202`, `${shares.accepted}`);
      if (shares.failed > failed) wrong(`at most ${failed} of ${shares.calls} failed`, `${shares.failed}`);
      if (shares.longestGapMs > mostGap) wrong(`no ${mostGap} ms without an answer`, `${shares.longestGapMs} ms`);
    }
  }
  return { judged, faults };
}

/** The allowed number of `calls` for a share of at most `limit`, plus three standard deviations for chance. */
function atMost(calls: number, limit: number): number {
  const expected = calls * Math.min(1, limit);
  return Math.ceil(expected + 3 * Math.sqrt(expected));
}
