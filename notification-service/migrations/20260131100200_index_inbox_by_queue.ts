import { dropInboxByQueueIndexV2, indexInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** The index of the next migration’s key. */
export async function up(knex: Knex): Promise<void> {
  await indexInboxByQueueV2(knex);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropInboxByQueueIndexV2(knex);
}
