/**
 * Requests that arrive together travel together. While a batch runs, members queue; when a slot is free and at least
 * half as many wait as are under way, all that wait (up to the limits) form the next batch. Without that half, free
 * slots would be filled by batches of one or two, and a batch costs its round trips whatever its size. There are no
 * timers: a run is scheduled with `setImmediate`, so that the requests of one poll phase of the event loop share a batch,
 * and a request that finds nothing under way waits for nothing.
 *
 * The queue is bounded by time. It is full when its head is past its deadline: nothing moves, because what the batches call
 * is stalled. And when more arrives than can be done, it is full as soon as a newcomer would have to wait for longer than
 * `maxExpectedWaitMs`.
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
  /** Batches in flight at most. Three keep the database busy while a batch waits for the network. */
  slots: number;
  maxMembers: number;
  /** Sum of the members' weights at most; a member that alone weighs more travels alone. */
  maxWeight: number;
  /** Refuse who, at the pace of the last batches, would wait for longer than this. Nobody, where the callers are few. */
  maxExpectedWaitMs?: number | undefined;
  /** One result per member, in order; a member that failed alone is a rejected result. */
  run: (members: T[]) => Promise<PromiseSettledResult<R>[]>;
  metrics: Pick<Metrics, 'batchSize' | 'batchQueueLength' | 'batchRefused'>;
}

export interface Batcher<T, R> {
  /** Queue a member. `deadline` is a time of `performance.now()` after which it must not be started any more. */
  submit(member: T, weight: number, deadline: number): Promise<R>;
  /** Whether `submit` would refuse now, for those who can save themselves work; they count as refused. */
  isFull(): boolean;
  /** Resolves when nothing waits and nothing runs. */
  drain(): Promise<void>;
}

interface Waiting<T, R> {
  member: T;
  weight: number;
  deadline: number;
  resolve: (result: R) => void;
  reject: (reason: unknown) => void;
}

/** A batcher; see the head of this file. */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  const { stage, metrics, slots, maxExpectedWaitMs = Infinity } = options;
  let queue: Waiting<T, R>[] = [];
  let running = 0;
  /** Members of the running batches. */
  let underWay = 0;
  let scheduled = false;
  const pace = new Pace();
  const idle: (() => void)[] = [];
  // Shown from here on: a counter that appears with its first refusal would hide it, for a rate needs a value before.
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

  /** When nothing is under way, one member is enough: nobody waits for longer than the running batches take. */
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

/** The next batch from the head of the queue, without those whose deadline has passed. */
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

/** Run a batch, and give each member its result. */
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
 * Run a statement for all members; when it fails unexpectedly, for each alone, so that a bad one fails alone.
 * `passes` tells which errors concern them all (the database is away): those are not tried again one by one.
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
