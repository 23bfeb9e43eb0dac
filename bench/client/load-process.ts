import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Samples } from './job.ts';

// At this interval, all due requests are sent.
const TICK_MS = 2;

export interface Done {
  name: string;
  location?: string;
  /** Its weight, if not 1. */
  weight?: number;
}

export interface LoadProcess {
  /** Opens connections for a job; the result performs its n-th request. */
  open(job: Job): Promise<{ act: (n: number) => Promise<Done>; close: () => Promise<void> }>;
}

/** Returns the samples of each job until the parent exits. */
export function serveJobs(load: LoadProcess): void {
  // The parent handles Ctrl-C from the terminal.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
  process.on('message', async (job: Job) => {
    const { act, close } = await load.open(job);
    const samples = await runJob(job, act);
    await close();
    process.send?.(samples);
  });
}

/** Runs a job on schedule, and records the time of each request. */
async function runJob(job: Job, act: (n: number) => Promise<Done>): Promise<Samples> {
  const samples: Samples = { names: [], outcome: [], at: [], ms: [], weight: [], locations: [] };
  const indexes = new Map<string, number>();
  let next = 0;
  const isOver = () => {
    if (now() >= job.endAt) return true;
    if (next < (job.count ?? Number.POSITIVE_INFINITY)) return false;
    samples.ranOutAt ??= now();
    return true;
  };

  async function one(dueAt?: number): Promise<void> {
    const sentAt = now();
    const { name, location, weight = 1 } = await act(next++);
    const doneAt = now();
    const index = indexes.get(name) ?? samples.names.push(name) - 1;
    indexes.set(name, index);
    samples.outcome.push(index);
    samples.at.push(dueAt ?? doneAt);
    samples.ms.push(doneAt - (dueAt ?? sentAt));
    samples.weight.push(weight);
    if (job.keepsLocations && location !== undefined) samples.locations.push(location);
  }

  await sleep(Math.max(0, job.startAt - now()));
  if ('clients' in job.arrivals) {
    const client = async () => {
      while (!isOver()) await one();
    };
    await Promise.all(Array.from({ length: job.arrivals.clients }, client));
    return samples;
  }
  const everyMs = 1_000 / job.arrivals.perSecond;
  const running = new Set<Promise<void>>();
  for (let due = job.startAt; due < job.endAt; await sleep(TICK_MS)) {
    for (; due <= now() && due < job.endAt; due += everyMs) {
      const request: Promise<void> = one(due).finally(() => running.delete(request));
      running.add(request);
    }
  }
  await Promise.all(running);
  return samples;
}

/** Epoch milliseconds with fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
