import { dropOutboxCommandsIndexV3, indexOutboxCommandsV3 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** Commands are published before events. */
export async function up(knex: Knex): Promise<void> {
  await indexOutboxCommandsV3(knex);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropOutboxCommandsIndexV3(knex);
}
