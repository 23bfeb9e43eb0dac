import { setTimeout as delay } from 'node:timers/promises';
import { withProgress } from '@shop/operator/progress-line.ts';
import { type Battlefield, type DoneFault, runAlone, runFaults } from './nemesis.ts';
import { type FaultKind, type PlannedFault, planAlone, planFaults, planMore } from './schedule.ts';
import { countRun, shortfalls } from './summary.ts';
import type { Workload } from './workload.ts';

// A busy machine does less in the same time. Continue rather than end an inconclusive run, but only for a limited time.
const MAX_EXTENSION_MS = 60_000;
const ROUND_MS = 1_000;

/** The faults to choose from; with `planned`, exactly those faults. */
interface Attack {
  seed: number;
  seconds: number;
  faults: readonly FaultKind[];
  planned?: PlannedFault[];
}

/**
 * Breaks single processes first, one at a time. Then breaks parts for the requested time while the clients work, and continues
 * while too little has happened: missing faults are added, and the clients get the time they need. Resolves when no client
 * starts anything new, with the duration of the whole run and of its first part in milliseconds.
 */
export async function breakParts(
  field: Battlefield,
  workload: Workload,
  { seed, seconds, faults: kinds, planned }: Attack,
  faults: DoneFault[],
): Promise<{ tookMs: number; aloneMs: number }> {
  const began = workload.now();
  let aloneMs = 0;
  const doAll = (plan: ReturnType<typeof planFaults>) => {
    const from = workload.now();
    const timed = plan.map((fault) => ({ ...fault, at: fault.at + from }));
    return runFaults(field, timed, workload.now, (fault) => faults.push(fault));
  };
  const goOn = async () => {
    if (!planned) {
      await runAlone(field, planAlone(seed, kinds), workload.now, (fault) => faults.push(fault));
      aloneMs = workload.now() - began;
    }
    await Promise.all([doAll(planned ?? planFaults(seed, seconds, kinds)), delay(seconds * 1_000)]);
    if (planned) return workload.finish();
    const latest = workload.now() + MAX_EXTENSION_MS;
    for (let round = 1; workload.now() < latest && !field.end.aborted; round += 1) {
      const short = shortfalls(countRun(workload.operations, faults), kinds);
      if (short.length === 0) break;
      const missing = short.flatMap(({ kind, need, had }) => (kind ? Array<FaultKind>(need - had).fill(kind) : []));
      await Promise.all([doAll(planMore(seed + round, missing)), delay(ROUND_MS)]);
    }
    await workload.finish();
  };
  const line = () => progressLine(workload.now() - began - aloneMs, seconds, workload, faults.at(-1));
  await withProgress(process.stderr, line, goOn);
  return { tookMs: workload.now() - began, aloneMs };
}

function progressLine(
  ms: number,
  seconds: number,
  { operations, underWay }: Workload,
  fault: DoneFault | undefined,
): string {
  const last = fault ? `, last fault: ${fault.how} ${fault.part}` : '';
  const progress = fault?.isAlone ? 'one process at a time' : `${Math.round(ms / 1_000)} of ${seconds} s`;
  return `${progress}  ${operations.length} operations, ${underWay()} under way${last}`;
}
