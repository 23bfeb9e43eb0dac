import {
  scopeReconciliationRunsV2,
  unscopeReconciliationRunsV2,
} from '@shop/chassis/operations/reconciliation/reconciliation-table.ts';
import type { Knex } from 'knex';

/** A comparison that comes by itself passes over orders that are closed and agree. */
export async function up(knex: Knex): Promise<void> {
  await scopeReconciliationRunsV2(knex);
  await knex.raw(/* sql */ `
    CREATE TABLE reconciliation_horizon (
      one      boolean NOT NULL DEFAULT true,
      position uuid NOT NULL,
      CONSTRAINT reconciliation_horizon_pkey PRIMARY KEY (one),
      CONSTRAINT reconciliation_horizon_one_check CHECK (one)
    );
    CREATE TABLE reconciliation_open (
      id      uuid NOT NULL,
      seen_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT reconciliation_open_pkey PRIMARY KEY (id)
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation_horizon, reconciliation_open TO order_service;
    COMMENT ON TABLE reconciliation_horizon IS
      'Up to this order all were compared with their reservations; those that may still change are in reconciliation_open';
    COMMENT ON TABLE reconciliation_open IS
      'Orders behind the horizon that every comparison looks at: not closed, or known to differ. There may be more, never fewer';
  `);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE reconciliation_open; DROP TABLE reconciliation_horizon');
  await unscopeReconciliationRunsV2(knex);
}
