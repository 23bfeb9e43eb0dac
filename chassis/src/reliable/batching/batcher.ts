/**
 * Requests that arrive together travel together. While a batch runs, members queue; when a slot is free and at least
 * half as many wait as are under way, all that wait (up to the limits) form the next batch. Without that half, free
 * slots would be filled by batches of one or two, and a batch costs its round trips whatever its size. There are no
 * timers: a run is scheduled with `setImmediate`, so that the requests of one poll phase of the event loop share a batch,
 * and a request that finds nothing under way waits for nothing.
 *
 * The queue is bounded by time, twice. When nothing moves, because what the batches call is stalled, by how long its head
 * has waited. When more arrives than can be done, by how long a newcomer would have to wait: for the head's wait tells of
 * those who came long ago, and behind it the queue would grow to several times that length.
 *
 *   waiting   submit() put it into the queue
 *     -> refused   the queue is full, or the member's deadline passed: nothing was done
 *     -> running   a slot took it; from here on only `run` decides
 *     -> settled   with the result that `run` gave for this member
 */

import { overloaded, type RefusedError } from '../refusal.ts';
import type { Metrics } from '../telemetry.ts';

export interface QueueLimits {
  /** The queue refuses newcomers once its head has waited for longer than this: nothing moves. */
  maxWaitMs: number;
  /** It refuses those who, at the pace of the last batches, would wait for longer than this. */
  maxExpectedWaitMs: number;
}

export interface BatcherOptions<T, R> extends QueueLimits {
  /** Name in the metrics. */
  stage: string;
  /** Batches in flight at most. Three keep the database busy while a batch waits for the network. */
  slots: number;
  maxMembers: number;
  /** Sum of the members' weights at most; a member that alone weighs more travels alone. */
  maxWeight: number;
  /** One result per member, in order; a member that failed alone is a rejected result. */
  run: (members: T[]) => Promise<PromiseSettledResult<R>[]>;
  metrics: Metrics;
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
  since: number;
  resolve: (result: R) => void;
  reject: (reason: unknown) => void;
}

// Half as old, half as important. Long enough to hold several batches, short enough to notice a change.
const PACE_WINDOW_MS = 1_000;
// Before that, a batch more or less says nothing.
const SHORTEST_PACE_MS = 100;

/** A batcher; see the head of this file. */
export function createBatcher<T, R>(options: BatcherOptions<T, R>): Batcher<T, R> {
  const { stage, metrics } = options;
  let queue: Waiting<T, R>[] = [];
  let running = 0;
  /** Members of the running batches. */
  let underWay = 0;
  let scheduled = false;
  /** What was started since when, for as long as full batches leave others behind: only then it tells what is possible. */
  let backlog: { since: number; started: number } | undefined;
  /** By the backlog; undefined when there is none, or it is too young to tell. */
  let msPerMember: number | undefined;
  const idle: (() => void)[] = [];
  // Shown from here on: a counter that appears with its first refusal would hide it, for a rate needs a value before.
  const refusals = metrics.batchRefused.of(stage);
  const sizes = metrics.batchSize.of(stage);

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      while (isWorthStarting()) startBatch(takeBatch());
      metrics.batchQueueLength.set({ stage }, queue.length);
      announceIdle();
    });
  }

  /** When nothing is under way, one member is enough: nobody waits for longer than the running batches take. */
  function isWorthStarting(): boolean {
    return queue.length > 0 && running < options.slots && queue.length * 2 >= underWay;
  }

  function takeBatch(): Waiting<T, R>[] {
    const now = performance.now();
    const batch: Waiting<T, R>[] = [];
    let weight = 0;
    let taken = 0;
    for (const waiting of queue) {
      if (waiting.deadline <= now) {
        taken += 1;
        waiting.reject(refused());
        continue;
      }
      const full = batch.length >= options.maxMembers || weight + waiting.weight > options.maxWeight;
      if (batch.length > 0 && full) break;
      taken += 1;
      weight += waiting.weight;
      batch.push(waiting);
    }
    queue = queue.slice(taken);
    measurePace(batch.length, now);
    return batch;
  }

  function measurePace(started: number, now: number): void {
    if (queue.length === 0) {
      backlog = undefined;
      msPerMember = undefined;
      return;
    }
    if (!backlog) {
      backlog = { since: now, started: 0 };
      return;
    }
    backlog.started += started;
    const elapsed = now - backlog.since;
    if (elapsed < SHORTEST_PACE_MS || backlog.started === 0) return;
    msPerMember = elapsed / backlog.started;
    if (elapsed > PACE_WINDOW_MS) backlog = { since: now - elapsed / 2, started: backlog.started / 2 };
  }

  function isFull(now: number): boolean {
    const head = queue[0];
    if (head && now - head.since > options.maxWaitMs) return true;
    return msPerMember !== undefined && queue.length * msPerMember > options.maxExpectedWaitMs;
  }

  function refused(): RefusedError {
    refusals.inc();
    return overloaded();
  }

  function startBatch(batch: Waiting<T, R>[]): void {
    if (batch.length === 0) return;
    running += 1;
    underWay += batch.length;
    sizes.observe(batch.length);
    void settle(batch).finally(() => {
      running -= 1;
      underWay -= batch.length;
      if (queue.length > 0) schedule();
      announceIdle();
    });
  }

  function announceIdle(): void {
    if (running === 0 && queue.length === 0) for (const resolve of idle.splice(0)) resolve();
  }

  async function settle(batch: Waiting<T, R>[]): Promise<void> {
    try {
      const results = await options.run(batch.map((waiting) => waiting.member));
      for (const [index, waiting] of batch.entries()) {
        const result = results[index];
        if (result?.status === 'fulfilled') waiting.resolve(result.value);
        else waiting.reject(result?.reason ?? new Error(`batch ${stage} gave no result for a member`));
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    }
  }

  return {
    submit(member, weight, deadline) {
      const now = performance.now();
      if (isFull(now)) return Promise.reject(refused());
      return new Promise<R>((resolve, reject) => {
        queue.push({ member, weight, deadline, since: now, resolve, reject });
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
