import { keyInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import type { Knex } from 'knex';

/** The inbox is per queue: a message is handled once in each queue of the service. */
export async function up(knex: Knex): Promise<void> {
  await keyInboxByQueueV2(knex);
}

/** Dropped with its table. */
export async function down(): Promise<void> {}
