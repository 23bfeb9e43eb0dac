import { keyInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import type { Knex } from 'knex';

/** A message counts once for each queue of the service. */
export async function up(knex: Knex): Promise<void> {
  await keyInboxByQueueV2(knex);
}

/** It goes with its table. */
export async function down(): Promise<void> {}
