import { dropInboxByQueueIndexV2, indexInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import type { Knex } from 'knex';

/** An index that is built beside running services cannot be part of a transaction. */
export const config = { transaction: false };

/** The index of the key to come. */
export async function up(knex: Knex): Promise<void> {
  await indexInboxByQueueV2(knex);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropInboxByQueueIndexV2(knex);
}
