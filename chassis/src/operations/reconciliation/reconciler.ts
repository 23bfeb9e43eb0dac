/**
 * Comparing what must agree: every so often, and when somebody asks. One process of a service does it at a time, under a
 * lease by the database's clock; all of them read what came of it from the table, so each can answer for it and shows
 * the same gauge.
 *
 *   idle    -> running   the run is due, or a client asked, and no other process has one
 *   running -> idle      finished, or failed: a comparison that could not be completed replaces no result
 *   running -> idle      the lease was lost (the process was frozen): what it found is thrown away
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
  /** Every kind of mismatch that the comparison can report. */
  kinds: readonly string[];
  /** What a mismatch's subject is called in the logs. */
  subjectName: string;
  compare: (findings: Findings) => Promise<void>;
}

export interface Reconciler {
  intervalSeconds: number;
  /** In the caller's transaction: begin a run, or find the one under way. `go` it after the commit. */
  request(trx: Transaction, requestedBy: string): Promise<{ run: Run; begun: boolean }>;
  /** Let a run that was begun do its work, in this process. */
  go(run: Run): void;
  /** The run when it has ended, or undefined when it has not within this time, or is not known any more. */
  ended(id: string, withinMs: number): Promise<Run | undefined>;
  /** Begin a run if one is due, and set the gauge to what the last one found. */
  tick(): Promise<void>;
  /** Give up a run that this process has, and wait for that. */
  stop(): Promise<void>;
}

// A sixth of the lease, so that a few renewals may fail.
const RENEWAL_MS = 5_000;
// How soon every process shows a new result, and how late a run may begin.
const TICK_MS = 5_000;
const PROBE_MS = 50;

/** A reconciler that does nothing by itself yet; see {@link startReconciliation}. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { pool, metrics, log, intervalSeconds, kinds } = options;
  const stopping = new AbortController();
  let working = Promise.resolve();
  /** What the last finished run found, as of the tick with which a run begins that is not full. */
  let known: Run['kinds'] = {};

  async function work(run: Run): Promise<void> {
    const found = nothingFound();
    const writes: ((trx: Transaction) => Promise<void>)[] = [];
    const lost = new AbortController();
    const renewal = setInterval(() => {
      renewLease(pool, run.id).then(
        (kept) => kept || lost.abort(new ComparisonError('Another process took over.')),
        // The database is away: so is the comparison's, and the lease outlasts a short absence.
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
        if (!(await finishRun(trx, run.id, found))) throw new ComparisonError('Another process took over.');
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
      // It ended between the two statements.
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
      stopping.abort(new ComparisonError('Its process was stopped.'));
      await working;
    },
  };
}

/** Run it every so often, in whichever process comes first. */
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

/** What an operator reads; the log has all of it. */
function reasonOf(error: unknown): string {
  if (error instanceof ComparisonError) return error.message;
  return isUnavailable(error)
    ? 'The database could not be reached, or could not do its work.'
    : 'A fault of ours: see the log.';
}
