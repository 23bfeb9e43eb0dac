/**
 * One measurement: a load on one side, a lead-in that does not count, then a window of slices. For each slice, the CPU
 * time of other processes is measured; slices with too much of it do not count.
 */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { othersShare, type ProcessorTime, readProcessorTime } from '@shop/e2e/load/processors.ts';
import type { Job } from './client/job.ts';
import type { LoadProcesses } from './load-processes.ts';
import type { Profiler } from './profile/profiler.ts';
import type { Entry, Scenario } from './scenarios.ts';
import { type Side, servicePids } from './sides/side.ts';
import { dropDisturbed, type Reduced, reduceSamples, type Slice } from './statistics.ts';

const SLICE_MS = 500;
// Long enough for a process to get the job and open its connections.
const GET_READY_MS = 150;
// Linux counts processor time in these; sysconf(_SC_CLK_TCK) is 100 on every architecture that Node runs on.
export const MS_PER_TICK = 10;

export interface Measurement extends Reduced {
  slices: number;
  dropped: number;
  /** Whether enough slices remained; otherwise all slices are used, and the numbers are only a rough estimate. */
  isClean: boolean;
  /** CPU time of services and databases per request, until background work is finished. */
  cpuMs: number;
  brokerCpuMs: number;
  /** How long the background work took after the window. */
  idleAfterMs: number;
  /** The maximum resident memory of a service process. */
  memoryMb: number;
  /** Twins: orders beyond one per pair. */
  doubled?: number;
}

export interface Measuring {
  side: Side;
  entry: Entry;
  scenario: Pick<Scenario, 'expected'>;
  job: Omit<Job, 'startAt' | 'endAt'>;
  leadInMs: number;
  windowMs: number;
  /** All current processes of this run; CPU time of any other process is disturbance. */
  ownPids: () => readonly number[];
  processes: LoadProcesses;
  interrupted: AbortSignal;
  /** Runs from the start to the end of the window. */
  profiler?: Profiler;
}

/** Runs one measurement. */
export async function measure(measuring: Measuring): Promise<Measurement> {
  const { side, entry, scenario, job, processes, interrupted } = measuring;
  const startAt = Date.now() + GET_READY_MS;
  const from = startAt + measuring.leadInMs;
  const endAt = from + measuring.windowMs;
  const isTwins = entry.kind === 'twins';
  const ordersBefore = isTwins ? await side.countOrders() : 0;
  const [samples, watched] = await Promise.all([
    processes.run(entry.side, { ...job, startAt, endAt }),
    watch(measuring, { from, to: endAt }),
  ]);
  const windowEnded = Date.now();
  await side.waitUntilIdle();
  const cpu = cpuSince(side, watched.cpuBefore);
  interrupted.throwIfAborted();
  // After the last request, the load is different.
  const slices = watched.slices.filter(({ to }) => to <= (samples.ranOutAt ?? to));
  const { kept, dropped, isClean } = dropDisturbed(slices);
  const isGood = isLimit(entry) ? () => true : (name: string) => scenario.expected.test(name);
  const all = reduceSamples(samples, watched.slices, isGood).requests;
  return {
    ...reduceSamples(samples, kept, isGood),
    slices: slices.length,
    dropped,
    isClean,
    cpuMs: cpu.servicesMs / all,
    brokerCpuMs: cpu.brokerMs / all,
    idleAfterMs: Date.now() - windowEnded,
    memoryMb: watched.memoryMb,
    ...(isTwins && { doubled: (await side.countOrders()) - ordersBefore - samples.at.length }),
  };
}

function isLimit({ side }: Entry): boolean {
  return side === 'limit-rows' || side === 'limit-sets';
}

interface Watched {
  slices: Slice[];
  cpuBefore: { services: ProcessorTime; broker: ProcessorTime };
  memoryMb: number;
}

/** Samples the machine at the end of every slice of a period, which may end early. */
export async function watch(
  { side, ownPids, interrupted, profiler }: Measuring,
  { from, to, isOver = () => false }: { from: number; to: number; isOver?: () => boolean },
): Promise<Watched> {
  const roots = [process.pid, ...kernelThreads(), ...ownPids()];
  await until(from, interrupted);
  await profiler?.begin();
  const cpuBefore = readCpu(side);
  const slices: Slice[] = [];
  let memoryMb = 0;
  let last = { at: Date.now(), time: readProcessorTime(roots) };
  while (last.at < to && !isOver()) {
    await until(Math.min(last.at + SLICE_MS, to), interrupted);
    const now = { at: Date.now(), time: readProcessorTime(roots) };
    slices.push({ from: last.at, to: now.at, othersCores: othersCores(last.time, now.time) });
    last = now;
    for (const pid of servicePids(side)) memoryMb = Math.max(memoryMb, residentMb(pid));
  }
  await profiler?.end();
  return { slices, cpuBefore, memoryMb };
}

/** Kernel threads, which work mostly for our disk writes; not visible in a container. */
export function kernelThreads(): number[] {
  const pid = 2;
  const path = `/proc/${pid}/comm`;
  return existsSync(path) && readFileSync(path, 'utf8') === 'kthreadd\n' ? [pid] : [];
}

/** The cores that other processes used. Excludes interrupts, because our own packets would count as their work. */
export function othersCores(before: ProcessorTime, after: ProcessorTime): number {
  const withoutInterrupts = (time: ProcessorTime) => ({ ...time, busy: time.busy - time.interrupts });
  return othersShare(withoutInterrupts(before), withoutInterrupts(after)) * availableParallelism();
}

function readCpu(side: Side): Watched['cpuBefore'] {
  return {
    services: readProcessorTime([...servicePids(side), ...side.databases]),
    broker: readProcessorTime(side.broker ? [side.broker] : []),
  };
}

/** CPU time of services and databases, and of the broker, since then. */
export function cpuSince(side: Side, before: Watched['cpuBefore']): { servicesMs: number; brokerMs: number } {
  const after = readCpu(side);
  return {
    servicesMs: (after.services.own - before.services.own) * MS_PER_TICK,
    brokerMs: (after.broker.own - before.broker.own) * MS_PER_TICK,
  };
}

function residentMb(pid: number): number {
  try {
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
  } catch {
    return 0; // has exited, which the load process reports
  }
}

async function until(at: number, interrupted: AbortSignal): Promise<void> {
  await sleep(Math.max(0, at - Date.now()), undefined, { signal: interrupted });
}
