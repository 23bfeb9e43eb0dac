/**
 * Reconciliation: compares records that must agree, periodically and on request. One process of a service runs it at a time,
 * under a lease by the database's clock. All processes read the result from the table, so that each can return it and exports
 * the same gauge.
 *
 *   idle    -> running   a run is due or was requested, and no other process has one
 *   running -> idle      finished, or failed: an incomplete comparison does not replace the last result
 *   running -> idle      the lease was lost (the process was frozen): the result is discarded
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { Pool, Transaction } from '../../base/db/pool.ts';
import { startLoop } from '../../base/loop.ts';
import type { Logger } from '../../base/telemetry/log.ts';
import type { Metrics } from '../../base/telemetry/metrics.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { type ComparisonOptions, executeRun } from './execute-run.ts';
import { ComparisonError, type Run } from './run.ts';
import { beginDue, beginRequested, findRun, findRunning, readLatest } from './runs.sql.ts';

export interface ReconcilerOptions extends ComparisonOptions {
  metrics: Metrics;
  intervalSeconds: number;
  /** All kinds of mismatch that the comparison can report. */
  kinds: readonly string[];
}

export interface Reconciler {
  intervalSeconds: number;
  /** Begin a run in the caller's transaction, or return the active one. Call `go` after the commit. */
  request(trx: Transaction, requestedBy: string): Promise<{ run: Run; begun: boolean }>;
  /** Execute a begun run in this process. */
  go(run: Run): void;
  /** Wait for the end of a run. Undefined if it does not end in time, or does not exist any more. */
  ended(id: string, withinMs: number): Promise<Run | undefined>;
  /** Begin a run if one is due, and set the gauge to the last result. */
  tick(): Promise<void>;
  /** Cancel the run of this process, and wait until it has ended. */
  stop(): Promise<void>;
}

// Maximum delay until every process exports a new result, and until a due run begins.
const TICK_MS = 5_000;
const PROBE_MS = 50;

/** Create a reconciler without a schedule; see {@link startReconciliation}. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { pool, metrics, intervalSeconds, kinds } = options;
  const stopping = new AbortController();
  let working = Promise.resolve();
  /** The result of the last finished run, as read by the tick that begins a run. */
  let known: Run['kinds'] = {};

  async function showResult(): Promise<boolean> {
    const { lastFinished, due } = await readLatest(pool, intervalSeconds);
    known = lastFinished?.kinds ?? {};
    for (const kind of lastFinished ? kinds : []) {
      metrics.reconcileMismatches.set({ kind }, lastFinished?.kinds[kind] ?? 0);
    }
    return due;
  }

  async function work(run: Run): Promise<void> {
    await executeRun(options, run, known, stopping.signal);
    await showResult().catch(() => {});
  }

  function go(run: Run): void {
    working = Promise.all([working, work(run)]).then(() => {});
  }

  return {
    intervalSeconds,
    go,
    request: requestRun,
    ended: (id, withinMs) => waitForEnd(pool, id, withinMs),
    async tick() {
      if (!(await showResult()) || stopping.signal.aborted) return;
      const run = await inTransaction(pool, (trx) => beginDue(trx, uuidv7(), intervalSeconds));
      if (run) go(run);
    },
    async stop() {
      stopping.abort(new ComparisonError('The process was stopped.'));
      await working;
    },
  };
}

async function requestRun(trx: Transaction, requestedBy: string): Promise<{ run: Run; begun: boolean }> {
  const begun = await beginRequested(trx, uuidv7(), requestedBy);
  if (begun) return { run: begun, begun: true };
  const running = await findRunning(trx);
  // The active run ended between the two statements.
  return running ? { run: running, begun: false } : requestRun(trx, requestedBy);
}

async function waitForEnd(pool: Pool, id: string, withinMs: number): Promise<Run | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const run = await findRun(pool, id);
    if (run?.status !== 'running') return run;
    if (performance.now() > deadline) return undefined;
    await sleep(PROBE_MS);
  }
}

/** Run it periodically; the first process whose tick finds it due runs it. */
export function startReconciliation(reconciler: Reconciler, log: Logger): { stop(): Promise<void> } {
  const loop = startLoop({ name: 'reconciliation', intervalMs: TICK_MS, log }, reconciler.tick);
  return {
    async stop() {
      await Promise.all([loop.stop(), reconciler.stop()]);
    },
  };
}
