import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** The mails to one address in the last hour are counted, whichever accounts asked for them. */
export async function up(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  // An interrupted attempt leaves an invalid index.
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS email_tokens_email_idx');
  await knex.raw(
    'CREATE INDEX CONCURRENTLY email_tokens_email_idx ON email_tokens (lower(email COLLATE "C"), created_at)',
  );
  await knex.raw('RESET lock_timeout');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX email_tokens_email_idx');
}
