/**
 * Concurrent requests are executed in batches. Members queue while batches run. When a slot is free and the queue has at least
 * half as many members as are running, all queued members (up to the limits) form the next batch. Without the condition of
 * half, batches of one or two would fill the free slots, and the round trips of a batch cost the same for any size. There are
 * no timers: a run is scheduled with `setImmediate`, so the requests of one poll phase of the event loop share a batch, and a
 * request runs at once if no batch is running.
 *
 * The queue is bounded by time. It is full when its head is past its deadline, because the system that the batches call is
 * stalled; and, under overload, when a new member would wait longer than `maxExpectedWaitMs`.
 *
 *   waiting   submit() put it into the queue
 *     -> refused   the queue is full, or the member's deadline passed: nothing was done
 *     -> running   a slot took it; from here on only `run` decides
 *     -> finished  with the result that `run` gave for this member
 */

import { overloaded, type RefusedError } from '../refusal.ts';
import type { Metrics } from '../telemetry.ts';
import { Pace } from './pace.ts';

export interface BatcherOptions<T, R> {
  /** Name in the metrics. */
  stage: string;
  /** Maximum number of running batches. Three keep the database busy while a batch waits for the network. */
  slots: number;
  maxMembers: number;
  /** Maximum sum of the members' weights; a heavier member forms a batch of its own. */
  maxWeight: number;
  /** Refuse members that, at the pace of the last batches, would wait longer than this. Not set if there are few callers. */
  maxExpectedWaitMs?: number | undefined;
  /** Returns one result per member, in order; rejected for a member that failed alone. */
  run: (members: T[]) => Promise<PromiseSettledResult<R>[]>;
  metrics: Pick<Metrics, 'batchSize' | 'batchQueueLength' | 'batchRefused'>;
}

export interface Batcher<T, R> {
  /** Queue a member. It is not started after `deadline`, a time of `performance.now()`. */
  submit(member: T, weight: number, deadline: number): Promise<R>;
  /** Whether `submit` would refuse now, for callers that can then skip other work; `true` counts as a refusal. */
  isFull(): boolean;
  /** Resolves when no member waits or runs. */
  drain(): Promise<void>;
}

interface Waiting<T, R> {
  member: T;
  weight: number;
  deadline: number;
  resolve: (result: R) => void;
  reject: (reason: unknown) => void;
}

/** Create a batcher; see the header of this file. */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  const { stage, metrics, slots, maxExpectedWaitMs = Infinity } = options;
  let queue: Waiting<T, R>[] = [];
  let running = 0;
  /** Members of the running batches. */
  let underWay = 0;
  let scheduled = false;
  const pace = new Pace();
  const idle: (() => void)[] = [];
  // Exported from the start: a rate needs a previous value, so it would miss the first refusal otherwise.
  const refusals = metrics.batchRefused.of(stage);
  const sizes = metrics.batchSize.of(stage);

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (isWorthStarting()) startBatch();
      metrics.batchQueueLength.set({ stage }, queue.length);
      announceIdle();
    });
  }

  /** If no batch is running, one member is enough, so no member waits longer than the running batches take. */
  function isWorthStarting(): boolean {
    return queue.length > 0 && running < slots && queue.length * 2 >= underWay;
  }

  function startBatch(): void {
    const now = performance.now();
    const { batch, late, rest } = takeBatch(queue, options, now);
    for (const waiting of late) waiting.reject(refused());
    queue = rest;
    pace.started(batch.length, queue.length, now);
    if (batch.length === 0) return;
    running += 1;
    underWay += batch.length;
    sizes.observe(batch.length);
    void runBatch(options, batch).finally(() => {
      running -= 1;
      underWay -= batch.length;
      if (queue.length > 0) schedule();
      announceIdle();
    });
  }

  function isFull(now: number): boolean {
    const head = queue[0];
    return (head && head.deadline <= now) || pace.expectedWaitMs(queue.length) > maxExpectedWaitMs;
  }

  function refused(): RefusedError {
    refusals.inc();
    return overloaded();
  }

  function announceIdle(): void {
    if (running === 0 && queue.length === 0) for (const resolve of idle.splice(0)) resolve();
  }

  return {
    submit(member, weight, deadline) {
      const now = performance.now();
      if (isFull(now)) return Promise.reject(refused());
      return new Promise<R>((resolve, reject) => {
        queue.push({ member, weight, deadline, resolve, reject });
        schedule();
      });
    },
    isFull() {
      const full = isFull(performance.now());
      if (full) refusals.inc();
      return full;
    },
    async drain() {
      if (running === 0 && queue.length === 0) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}

/** The next batch from the head of the queue, without members whose deadline has passed. */
function takeBatch<W extends { weight: number; deadline: number }>(
  queue: readonly W[],
  { maxMembers, maxWeight }: { maxMembers: number; maxWeight: number },
  now: number,
): { batch: W[]; late: W[]; rest: W[] } {
  const batch: W[] = [];
  const late: W[] = [];
  let weight = 0;
  for (const waiting of queue) {
    if (waiting.deadline <= now) {
      late.push(waiting);
      continue;
    }
    const full = batch.length >= maxMembers || weight + waiting.weight > maxWeight;
    if (batch.length > 0 && full) break;
    weight += waiting.weight;
    batch.push(waiting);
  }
  return { batch, late, rest: queue.slice(batch.length + late.length) };
}

/** Run a batch and settle the promise of each member. */
async function runBatch<T, R>({ run, stage }: BatcherOptions<T, R>, batch: readonly Waiting<T, R>[]): Promise<void> {
  try {
    const results = await run(batch.map((waiting) => waiting.member));
    for (const [index, waiting] of batch.entries()) {
      const result = results[index];
      if (result?.status === 'fulfilled') waiting.resolve(result.value);
      else waiting.reject(result?.reason ?? new Error(`batch ${stage} gave no result for a member`));
    }
  } catch (error) {
    for (const waiting of batch) waiting.reject(error);
  }
}

/**
 * Run a statement for all members and, if it fails, for each member separately, so that only the faulty ones fail. There is no
 * second run for errors of the whole batch (`passes`), such as an unavailable database.
 */
export async function isolatingFailures<T, R>(
  members: readonly T[],
  statement: (members: readonly T[]) => Promise<R[]>,
  passes: (error: unknown) => boolean,
): Promise<PromiseSettledResult<R>[]> {
  try {
    const values = await statement(members);
    return values.map((value) => ({ status: 'fulfilled', value }));
  } catch (error) {
    if (members.length === 1 || passes(error)) return members.map(() => ({ status: 'rejected', reason: error }));
  }
  const results: PromiseSettledResult<R>[] = [];
  for (const member of members) results.push(...(await isolatingFailures([member], statement, passes)));
  return results;
}
