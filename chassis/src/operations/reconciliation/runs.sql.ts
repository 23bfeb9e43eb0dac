import type { Pool, Queryable, Transaction } from '../../base/db/pool.ts';
import type { Found, Mismatch, Run, RunStatus } from './run.ts';

// As long as the lease of a key: a process that has not renewed it for this long has crashed or is frozen.
const LEASE = '30 seconds';
// The cause of a failure may be temporary, and until the next run the result is outdated.
const RETRY_AFTER = '1 minute';
// Enough to cover a night.
const KEPT_RUNS = 100;
// Closed records change only by manual intervention or by a restore, after which an operator requests a run.
const FULL_RUN_EVERY = '24 hours';

interface RunRow {
  id: string;
  status: RunStatus;
  requested_by: string | null;
  is_full: boolean;
  started_at: Date;
  finished_at: Date | null;
  error: string | null;
  checked: Record<string, number>;
  kinds: Record<string, number>;
  repaired: number;
}

const COLUMNS = 'id, status, requested_by, is_full, started_at, finished_at, error, checked, kinds, repaired';

function toRun(row: RunRow): Run {
  return {
    id: row.id,
    status: row.status,
    requestedBy: row.requested_by ?? undefined,
    full: row.is_full,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    error: row.error ?? undefined,
    checked: row.checked,
    total: Object.values(row.kinds).reduce((sum, count) => sum + count, 0),
    kinds: row.kinds,
    repaired: row.repaired,
  };
}

/**
 * Begin a requested run, which is full and replaces an active run that is not. Undefined while a full run is active.
 */
export async function beginRequested(trx: Transaction, id: string, requestedBy: string): Promise<Run | undefined> {
  await failAbandoned(trx);
  // The process of that run notices that its lease is lost, and discards its result.
  await trx.query(/* sql */ `
    UPDATE reconciliation_runs
    SET status = 'failed', error = 'Replaced by a full run.', finished_at = now(), lease_until = NULL
    WHERE status = 'running' AND NOT is_full`);
  const { rows } = await trx.query<RunRow>(
    /* sql */ `
    INSERT INTO reconciliation_runs (id, requested_by, lease_until) VALUES ($1, $2, now() + interval '${LEASE}')
    ON CONFLICT ((true)) WHERE status = 'running' DO NOTHING
    RETURNING ${COLUMNS}`,
    [id, requestedBy],
  );
  return rows[0] && toRun(rows[0]);
}

/**
 * Begin a run if one is due; once a day it is a full run. Undefined if none is due, or while one is active.
 */
export async function beginDue(trx: Transaction, id: string, intervalSeconds: number): Promise<Run | undefined> {
  // Without the lock, a run that begins and ends while this INSERT waits for the unique index would not be seen by isDue,
  // and a second run would begin.
  await trx.query('LOCK TABLE reconciliation_runs IN SHARE ROW EXCLUSIVE MODE');
  await failAbandoned(trx);
  const { rows } = await trx.query<RunRow>(
    /* sql */ `
    INSERT INTO reconciliation_runs (id, lease_until, is_full)
    SELECT $1, now() + interval '${LEASE}', NOT EXISTS (
      SELECT FROM reconciliation_runs
      WHERE is_full AND status = 'finished' AND started_at > now() - interval '${FULL_RUN_EVERY}'
    ) WHERE ${isDue('$2')}
    ON CONFLICT ((true)) WHERE status = 'running' DO NOTHING
    RETURNING ${COLUMNS}`,
    [id, intervalSeconds],
  );
  return rows[0] && toRun(rows[0]);
}

/**
 * By the database's clock: due when the interval since the last start has passed, or the pause after a failure. After a run that
 * took longer than the interval, the pause is as long as that run, so that reconciliation runs at most half of the time.
 */
function isDue(interval: string): string {
  return /* sql */ `NOT EXISTS (
    SELECT FROM reconciliation_runs
    WHERE (started_at > now() - make_interval(secs => ${interval}::integer)
        OR status = 'running' OR finished_at + (finished_at - started_at) > now())
      AND NOT (status = 'failed' AND finished_at <= now() - interval '${RETRY_AFTER}')
      AND NOT (status = 'running' AND lease_until <= now()))`;
}

/** Fail a run whose lease has expired, because its process crashed or is frozen. */
async function failAbandoned(trx: Transaction): Promise<void> {
  await trx.query(/* sql */ `
    UPDATE reconciliation_runs
    SET status = 'failed', error = 'The process of the run ended or was frozen.', finished_at = now(), lease_until = NULL
    WHERE status = 'running' AND lease_until <= now()`);
}

/** Extend the lease of a run. False if the run was considered abandoned. */
export async function renewLease(q: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await q.query(
    `UPDATE reconciliation_runs SET lease_until = now() + interval '${LEASE}' WHERE id = $1 AND status = 'running'`,
    [id],
  );
  return rowCount === 1;
}

/** Finish a run. False if it was considered abandoned, and its result must be discarded. */
export async function finishRun(q: Queryable, id: string, found: Found): Promise<boolean> {
  const { rowCount } = await q.query(
    /* sql */ `
    UPDATE reconciliation_runs
    SET status = 'finished', finished_at = now(), lease_until = NULL, checked = $2, kinds = $3, repaired = $4,
      mismatches = $5
    WHERE id = $1 AND status = 'running'`,
    [id, JSON.stringify(found.checked), JSON.stringify(found.kinds), found.repaired, JSON.stringify(found.mismatches)],
  );
  return rowCount === 1;
}

/** Fail a run. Its counts are stored; its mismatches are incomplete and are not. */
export async function failRun(
  q: Queryable,
  id: string,
  error: string,
  { checked, repaired }: Pick<Found, 'checked' | 'repaired'>,
): Promise<void> {
  await q.query(
    /* sql */ `
    UPDATE reconciliation_runs
    SET status = 'failed', error = $2, finished_at = now(), lease_until = NULL, checked = $3, repaired = $4
    WHERE id = $1 AND status = 'running'`,
    [id, error, JSON.stringify(checked), repaired],
  );
}

/** Remove old runs, but never the latest finished run or the latest finished full run. */
export async function removeOldRuns(pool: Pool): Promise<void> {
  await pool.query(/* sql */ `
    DELETE FROM reconciliation_runs
    WHERE id NOT IN (SELECT id FROM reconciliation_runs ORDER BY started_at DESC, id DESC LIMIT ${KEPT_RUNS})
      AND id NOT IN (
        SELECT id FROM reconciliation_runs WHERE status = 'finished' ORDER BY started_at DESC, id DESC LIMIT 1)
      AND id NOT IN (
        SELECT id FROM reconciliation_runs WHERE status = 'finished' AND is_full
        ORDER BY started_at DESC, id DESC LIMIT 1)`);
}

/** Find a run. */
export async function findRun(q: Queryable, id: string): Promise<Run | undefined> {
  const { rows } = await q.query<RunRow>(`SELECT ${COLUMNS} FROM reconciliation_runs WHERE id = $1`, [id]);
  return rows[0] && toRun(rows[0]);
}

/** Find the active run. */
export async function findRunning(q: Queryable): Promise<Run | undefined> {
  const { rows } = await q.query<RunRow>(`SELECT ${COLUMNS} FROM reconciliation_runs WHERE status = 'running'`);
  return rows[0] && toRun(rows[0]);
}

/** The latest run, the latest finished run, and whether another is due. */
export async function readLatest(
  q: Queryable,
  intervalSeconds: number,
): Promise<{ lastRun?: Run; lastFinished?: Run; due: boolean }> {
  const { rows } = await q.query<RunRow & { due: boolean }>(
    /* sql */ `
    WITH last_run AS (SELECT ${COLUMNS} FROM reconciliation_runs ORDER BY started_at DESC, id DESC LIMIT 1),
    last_finished AS (
      SELECT ${COLUMNS} FROM reconciliation_runs WHERE status = 'finished' ORDER BY started_at DESC, id DESC LIMIT 1
    )
    SELECT ${COLUMNS}, ${isDue('$1')} AS due
    FROM (SELECT * FROM last_run UNION SELECT * FROM last_finished) r ORDER BY started_at DESC, id DESC`,
    [intervalSeconds],
  );
  const runs = rows.map(toRun);
  return {
    lastRun: runs[0],
    lastFinished: runs.find(({ status }) => status === 'finished'),
    due: rows[0]?.due ?? true,
  };
}

/** A page of the listed mismatches of a run. */
export async function readMismatches(q: Queryable, id: string, offset: number, limit: number): Promise<Mismatch[]> {
  const { rows } = await q.query<{ mismatch: Mismatch }>(
    /* sql */ `
    SELECT m.mismatch FROM reconciliation_runs r, json_array_elements(r.mismatches) WITH ORDINALITY AS m (mismatch, place)
    WHERE r.id = $1 AND m.place > $2 ORDER BY m.place LIMIT $3`,
    [id, offset, limit],
  );
  return rows.map(({ mismatch }) => mismatch);
}
