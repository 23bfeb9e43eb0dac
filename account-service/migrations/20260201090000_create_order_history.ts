import { setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import {
  createReconciliationRunsTableV1,
  dropReconciliationRunsTableV1,
  scopeReconciliationRunsV2,
} from '@shop/chassis/operations/reconciliation/reconciliation-table.ts';
import { createCatchUpsTableV1 } from '@shop/chassis/reliable/catch-up/catch-ups-table.ts';
import type { Knex } from 'knex';

/** The orders of shoppers, as order-service has them. */
export async function up(knex: Knex): Promise<void> {
  await createCatchUpsTableV1(knex);
  await createReconciliationRunsTableV1(knex);
  await scopeReconciliationRunsV2(knex);
  await knex.raw(/* sql */ `
    GRANT SELECT, INSERT, UPDATE, DELETE ON catch_ups, reconciliation_runs TO account_service;

    CREATE TABLE order_history (
      order_id   uuid NOT NULL,
      account_id uuid,
      number     text NOT NULL,
      status     text NOT NULL,
      total      bigint,
      currency   text NOT NULL,
      placed_at  timestamptz NOT NULL,
      version    integer NOT NULL,
      view       jsonb NOT NULL,
      CONSTRAINT order_history_pkey PRIMARY KEY (order_id)
    );
    CREATE INDEX order_history_account_idx ON order_history (account_id, order_id);
    COMMENT ON TABLE order_history IS
      'The orders of shoppers as order-service has them, a projection. A row is written only where its version is newer';
    COMMENT ON COLUMN order_history.order_id IS 'UUIDv7, so that it sorts by time';
    COMMENT ON COLUMN order_history.account_id IS 'The customer of the order; null if that is no id of an account';
    COMMENT ON COLUMN order_history.status IS 'As order-service says; values that are unknown here are kept';
    COMMENT ON COLUMN order_history.total IS 'In the smallest unit of the currency; null if a line has no price';
    COMMENT ON COLUMN order_history.view IS 'The order as order-service answered, whole';
    GRANT SELECT, INSERT, UPDATE, DELETE ON order_history TO account_service;

    CREATE TABLE order_history_rebuild (
      one        boolean NOT NULL DEFAULT true,
      position   uuid NOT NULL,
      done       bigint NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT order_history_rebuild_pkey PRIMARY KEY (one),
      CONSTRAINT order_history_rebuild_one_check CHECK (one)
    );
    COMMENT ON TABLE order_history_rebuild IS 'Where a rebuild of order_history goes on, if it was interrupted';
    COMMENT ON COLUMN order_history_rebuild.position IS 'Up to this order, all were read from order-service';
    COMMENT ON COLUMN order_history_rebuild.done IS 'How many these are';
    GRANT SELECT, INSERT, UPDATE, DELETE ON order_history_rebuild TO account_service;
  `);
  await setAutovacuumV1(knex, { changing: ['order_history'], growing: [] });
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE order_history_rebuild, order_history, catch_ups');
  await dropReconciliationRunsTableV1(knex);
}
