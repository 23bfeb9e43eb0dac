import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** The notifications of an account are found when it is deleted. */
export async function up(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  // An interrupted attempt leaves an invalid index.
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS notifications_recipient_idx');
  await knex.raw('CREATE INDEX CONCURRENTLY notifications_recipient_idx ON notifications (recipient)');
  await knex.raw('RESET lock_timeout');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX notifications_recipient_idx');
}
