import type { Knex } from 'knex';

/** An index that is built beside running services cannot be part of a transaction. */
export const config = { transaction: false };

/** Members of staff are few among many shoppers, and are listed by mail address. */
export async function up(knex: Knex): Promise<void> {
  // It waits for transactions that are open, and one of a killed run is left half made.
  await knex.raw('SET lock_timeout = 0');
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS accounts_staff_idx');
  await knex.raw(`CREATE INDEX CONCURRENTLY accounts_staff_idx ON accounts (email) WHERE roles <> '{}'`);
  await knex.raw('RESET lock_timeout');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS accounts_staff_idx');
}
