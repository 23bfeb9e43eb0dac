import { dropInboxKeyByQueueV2, keyInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import type { Knex } from 'knex';

/** A message counts once for each queue of the service. */
export async function up(knex: Knex): Promise<void> {
  await keyInboxByQueueV2(knex);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropInboxKeyByQueueV2(knex);
}
