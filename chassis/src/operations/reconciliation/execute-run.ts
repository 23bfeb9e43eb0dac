import type { Pool, Transaction } from '../../base/db/pool.ts';
import type { Logger } from '../../base/telemetry/log.ts';
import { isUnavailable } from '../../reliable/postgres/faults.ts';
import { inTransaction } from '../../reliable/postgres/transaction.ts';
import { addMismatch, ComparisonError, type Findings, type Found, nothingFound, type Run } from './run.ts';
import { failRun, finishRun, removeOldRuns, renewLease } from './runs.sql.ts';

export interface ComparisonOptions {
  pool: Pool;
  log: Logger;
  /** The log field for the subject of a mismatch. */
  subjectName: string;
  compare: (findings: Findings) => Promise<void>;
}

// A sixth of the lease, so that several renewals may fail.
const RENEWAL_MS = 5_000;

/**
 * Execute a begun run under its lease, and save its result or the reason why there is none. `known` is the result of the last
 * finished run. Never rejects.
 */
export async function executeRun(
  options: ComparisonOptions,
  run: Run,
  known: Run['kinds'],
  stopping: AbortSignal,
): Promise<void> {
  const { pool, log } = options;
  const found = nothingFound();
  const writes: ((trx: Transaction) => Promise<void>)[] = [];
  const lease = holdLease(pool, run.id);
  try {
    await options.compare({
      ...collectInto(found, options),
      isFull: run.full,
      known,
      startedAt: run.startedAt,
      signal: AbortSignal.any([stopping, lease.lost]),
      atEnd: (write) => writes.push(write),
    });
    await inTransaction(pool, async (trx) => {
      if (!(await finishRun(trx, run.id, found))) throw takenOver();
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
    lease.release();
  }
  await removeOldRuns(pool).catch(() => {});
}

/** Renew the lease of a run until it is released; `lost` is aborted when another process has taken over. */
function holdLease(pool: Pool, id: string): { lost: AbortSignal; release(): void } {
  const lost = new AbortController();
  const renewal = setInterval(() => {
    renewLease(pool, id).then(
      (kept) => kept || lost.abort(takenOver()),
      // The database is unavailable, also for the comparison. The lease outlasts a short outage.
      () => {},
    );
  }, RENEWAL_MS);
  return { lost: lost.signal, release: () => clearInterval(renewal) };
}

function collectInto(
  found: Found,
  { log, subjectName }: Pick<ComparisonOptions, 'log' | 'subjectName'>,
): Pick<Findings, 'count' | 'report'> {
  return {
    count(what, many) {
      found.checked[what] = (found.checked[what] ?? 0) + many;
    },
    report(mismatch) {
      const { kind, subject, expected, found: actual, repaired } = mismatch;
      const line = { kind, [subjectName]: subject, expected, found: actual, repaired };
      if (addMismatch(found, mismatch)) log.warn(line, 'reconciliation mismatch');
    },
  };
}

function takenOver(): ComparisonError {
  return new ComparisonError('Another process has taken over the run.');
}

/** The error shown to operators; the log has the details. */
function reasonOf(error: unknown): string {
  if (error instanceof ComparisonError) return error.message;
  return isUnavailable(error) ? 'The database was unavailable.' : 'Internal error. See the log.';
}
