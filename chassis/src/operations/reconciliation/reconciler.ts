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
import { isUnavailable } from '../../reliable/postgres/faults.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { addMismatch, ComparisonError, type Findings, type Found, nothingFound, type Run } from './run.ts';
import {
  beginDue,
  beginRequested,
  failRun,
  findRun,
  findRunning,
  finishRun,
  readLatest,
  removeOldRuns,
  renewLease,
} from './runs.sql.ts';

export interface ReconcilerOptions {
  pool: Pool;
  metrics: Metrics;
  log: Logger;
  intervalSeconds: number;
  /** All kinds of mismatch that the comparison can report. */
  kinds: readonly string[];
  /** The log field for the subject of a mismatch. */
  subjectName: string;
  compare: (findings: Findings) => Promise<void>;
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

// A sixth of the lease, so that several renewals may fail.
const RENEWAL_MS = 5_000;
// Maximum delay until every process exports a new result, and until a due run begins.
const TICK_MS = 5_000;
const PROBE_MS = 50;

/** Create a reconciler without a schedule; see {@link startReconciliation}. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { pool, metrics, log, intervalSeconds, kinds } = options;
  const stopping = new AbortController();
  let working = Promise.resolve();
  /** The result of the last finished run, as read by the tick that begins a run. */
  let known: Run['kinds'] = {};

  async function work(run: Run): Promise<void> {
    const found = nothingFound();
    const writes: ((trx: Transaction) => Promise<void>)[] = [];
    const lost = new AbortController();
    const renewal = setInterval(() => {
      renewLease(pool, run.id).then(
        (kept) => kept || lost.abort(new ComparisonError('Another process has taken over the run.')),
        // The database is unavailable, also for the comparison. The lease outlasts a short outage.
        () => {},
      );
    }, RENEWAL_MS);
    try {
      await options.compare({
        ...collectInto(found),
        isFull: run.full,
        known,
        startedAt: run.startedAt,
        signal: signalOf(stopping, lost),
        atEnd: (write) => writes.push(write),
      });
      await inTransaction(pool, async (trx) => {
        if (!(await finishRun(trx, run.id, found)))
          throw new ComparisonError('Another process has taken over the run.');
        for (const write of writes) await write(trx);
      });
      const total = Object.values(found.kinds).reduce((sum, count) => sum + count, 0);
      log.info(
        { run: run.id, full: run.full, checked: found.checked, total, repaired: found.repaired },
        'reconciliation finished',
      );
    } catch (error) {
      log.warn({ err: error, run: run.id }, 'reconciliation failed');
      await failRun(pool, run.id, reasonOf(error), found).catch(() => {});
    } finally {
      clearInterval(renewal);
    }
    await removeOldRuns(pool).catch(() => {});
    await showResult().catch(() => {});
  }

  function collectInto(found: Found): Pick<Findings, 'count' | 'report'> {
    return {
      count(what, many) {
        found.checked[what] = (found.checked[what] ?? 0) + many;
      },
      report(mismatch) {
        const { kind, subject, expected, found: actual, repaired } = mismatch;
        const line = { kind, [options.subjectName]: subject, expected, found: actual, repaired };
        if (addMismatch(found, mismatch)) log.warn(line, 'reconciliation mismatch');
      },
    };
  }

  async function showResult(): Promise<boolean> {
    const { lastFinished, due } = await readLatest(pool, intervalSeconds);
    known = lastFinished?.kinds ?? {};
    for (const kind of lastFinished ? kinds : []) {
      metrics.reconcileMismatches.set({ kind }, lastFinished?.kinds[kind] ?? 0);
    }
    return due;
  }

  function go(run: Run): void {
    working = Promise.all([working, work(run)]).then(() => {});
  }

  return {
    intervalSeconds,
    go,
    async request(trx, requestedBy) {
      const begun = await beginRequested(trx, uuidv7(), requestedBy);
      if (begun) return { run: begun, begun: true };
      const running = await findRunning(trx);
      // The active run ended between the two statements.
      return running ? { run: running, begun: false } : this.request(trx, requestedBy);
    },
    async ended(id, withinMs) {
      const deadline = performance.now() + withinMs;
      for (;;) {
        const run = await findRun(pool, id);
        if (run?.status !== 'running') return run;
        if (performance.now() > deadline) return undefined;
        await sleep(PROBE_MS);
      }
    },
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

/** Run it periodically; the first process whose tick finds it due runs it. */
export function startReconciliation(reconciler: Reconciler, log: Logger): { stop(): Promise<void> } {
  const loop = startLoop({ name: 'reconciliation', intervalMs: TICK_MS, log }, reconciler.tick);
  return {
    async stop() {
      await Promise.all([loop.stop(), reconciler.stop()]);
    },
  };
}

function signalOf(...controllers: AbortController[]): AbortSignal {
  return AbortSignal.any(controllers.map(({ signal }) => signal));
}

/** The error shown to operators; the log has the details. */
function reasonOf(error: unknown): string {
  if (error instanceof ComparisonError) return error.message;
  return isUnavailable(error) ? 'The database was unavailable.' : 'Internal error. See the log.';
}
