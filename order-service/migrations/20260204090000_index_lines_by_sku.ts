import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/**
 * The orders of a SKU, newest first, without reading the lines themselves. Sorted by bytes: comparing is cheapest then, and each
 * line that is placed is inserted here too.
 */
export async function up(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  // A killed run leaves an invalid index.
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS order_lines_sku_idx');
  await knex.raw('CREATE INDEX CONCURRENTLY order_lines_sku_idx ON order_lines (sku COLLATE "C", order_id)');
  await knex.raw('RESET lock_timeout');
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS order_lines_sku_idx');
}
