import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

const indexes = {
  notifications_state_idx: 'state, id',
  notifications_template_idx: 'template, id',
  notifications_state_template_idx: 'state, template, id',
};

/** Notifications are listed newest first, those of one state or template too. */
export async function up(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  for (const [name, columns] of Object.entries(indexes)) {
    // An interrupted attempt leaves an invalid index.
    await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ON notifications (${columns})`);
  }
  await knex.raw('RESET lock_timeout');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(`DROP INDEX ${Object.keys(indexes).join(', ')}`);
}
