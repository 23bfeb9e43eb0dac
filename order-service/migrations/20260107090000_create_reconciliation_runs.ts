import {
  createReconciliationRunsTableV1,
  dropReconciliationRunsTableV1,
} from '@shop/chassis/operations/reconciliation/reconciliation-table.ts';
import type { Knex } from 'knex';

/** What was compared, and what was found. */
export async function up(knex: Knex): Promise<void> {
  await createReconciliationRunsTableV1(knex);
  await knex.raw('GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation_runs TO order_service');
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropReconciliationRunsTableV1(knex);
}
