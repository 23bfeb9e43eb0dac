import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these functions. A change of the table needs a new function (V2) and a new migration.
 */

/** Reconciliation runs: any process can return the last one, and only one is active at a time. */
export async function createReconciliationRunsTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE reconciliation_runs (
      id           uuid NOT NULL,
      status       text NOT NULL DEFAULT 'running',
      requested_by text,
      started_at   timestamptz NOT NULL DEFAULT now(),
      lease_until  timestamptz,
      finished_at  timestamptz,
      error        text,
      checked      jsonb NOT NULL DEFAULT '{}',
      kinds        jsonb NOT NULL DEFAULT '{}',
      repaired     integer NOT NULL DEFAULT 0,
      mismatches   json NOT NULL DEFAULT '[]',
      CONSTRAINT reconciliation_runs_pkey PRIMARY KEY (id),
      CONSTRAINT reconciliation_runs_status_check CHECK (status IN ('running', 'finished', 'failed')),
      CONSTRAINT reconciliation_runs_lease_check CHECK ((lease_until IS NOT NULL) = (status = 'running')),
      CONSTRAINT reconciliation_runs_finished_check CHECK ((finished_at IS NULL) = (status = 'running')),
      CONSTRAINT reconciliation_runs_error_check CHECK ((error IS NOT NULL) = (status = 'failed'))
    );
    -- One at a time, in any number of processes.
    CREATE UNIQUE INDEX reconciliation_runs_running_key ON reconciliation_runs ((true)) WHERE status = 'running';
    COMMENT ON TABLE reconciliation_runs IS
      'Comparisons of what must agree, the latest hundred and the latest one that finished';
    COMMENT ON COLUMN reconciliation_runs.status IS
      'running: under lease_until; finished: everything was compared; failed: for the reason in error, and says nothing of what agrees';
    COMMENT ON COLUMN reconciliation_runs.requested_by IS 'The client that asked for it; null: its time had come';
    COMMENT ON COLUMN reconciliation_runs.lease_until IS
      'Renewed while its process lives; past it, the run counts as failed and another may begin';
    COMMENT ON COLUMN reconciliation_runs.checked IS 'How many of what were compared';
    COMMENT ON COLUMN reconciliation_runs.kinds IS 'How many mismatches of each kind were found; those without any are absent';
    COMMENT ON COLUMN reconciliation_runs.repaired IS 'For how many of them the lost command was written again';
    COMMENT ON COLUMN reconciliation_runs.mismatches IS
      'The first ones: [{kind, subject, expected, found, because, proposal, repaired}]';
  `);
}

/** Undo {@link createReconciliationRunsTableV1}. */
export async function dropReconciliationRunsTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP TABLE reconciliation_runs`);
}

/** V2: not every run compares the whole history. Runs of the previous release do, also while both releases are running. */
export async function scopeReconciliationRunsV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE reconciliation_runs ADD COLUMN is_full boolean NOT NULL DEFAULT true;
    COMMENT ON COLUMN reconciliation_runs.is_full IS
      'Everything was compared; if not, what is new, open or known to differ';
  `);
}

/** Undo {@link scopeReconciliationRunsV2}. */
export async function unscopeReconciliationRunsV2(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE reconciliation_runs DROP COLUMN is_full');
}
