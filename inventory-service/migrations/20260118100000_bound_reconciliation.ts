import {
  scopeReconciliationRunsV2,
  unscopeReconciliationRunsV2,
} from '@shop/chassis/operations/reconciliation/reconciliation-table.ts';
import type { Knex } from 'knex';

/** A comparison that comes by itself adds up the movements since the last one. */
export async function up(knex: Knex): Promise<void> {
  await scopeReconciliationRunsV2(knex);
  await knex.raw(/* sql */ `
    CREATE TABLE reconciliation_sums (
      sku      text COLLATE "C" NOT NULL,
      last_id  bigint NOT NULL,
      on_hand  numeric NOT NULL,
      reserved numeric NOT NULL,
      CONSTRAINT reconciliation_sums_pkey PRIMARY KEY (sku)
    );
    GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation_sums TO inventory_service;
    COMMENT ON TABLE reconciliation_sums IS
      'What the ledger of each SKU added up to at the last comparison, up to the movement last_id';
  `);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE reconciliation_sums');
  await unscopeReconciliationRunsV2(knex);
}
