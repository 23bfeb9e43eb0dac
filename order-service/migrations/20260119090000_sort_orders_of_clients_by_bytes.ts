import type { Knex } from 'knex';

/** An index that is built beside running services cannot be part of a transaction. */
export const config = { transaction: false };

/**
 * The orders of a client, newest first: in the order of bytes, which makes it an index that only a list asks for. While the
 * table was small, PostgreSQL held it for as good as the constraint's when it looked for one key, and kept that plan: each
 * order then read all orders of its client.
 *
 * The index before it goes at once. A process of the release before this one lists the orders of a client by reading all of
 * them until it is replaced.
 */
export async function up(knex: Knex): Promise<void> {
  await replace(knex, 'orders_client_id_idx', 'orders_client_idx', 'client_id COLLATE "C", id');
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await replace(knex, 'orders_client_idx', 'orders_client_id_idx', 'client_id, id');
}

async function replace(knex: Knex, old: string, name: string, columns: string): Promise<void> {
  // It waits for transactions that are open, and one of a killed run is left half made.
  await knex.raw('SET lock_timeout = 0');
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ON orders (${columns})`);
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${old}`);
  await knex.raw('RESET lock_timeout');
}
