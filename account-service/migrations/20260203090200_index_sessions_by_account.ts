import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** All sessions of an account, those that ended too, are exported, and deleted with it. */
export async function up(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  // An interrupted attempt leaves an invalid index.
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS session_families_account_idx');
  await knex.raw('CREATE INDEX CONCURRENTLY session_families_account_idx ON session_families (account_id, created_at)');
  await knex.raw('RESET lock_timeout');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX session_families_account_idx');
}
