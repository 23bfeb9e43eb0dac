import {
  createDeadLettersTableV1,
  dropDeadLettersTableV1,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import { addOutboxHeadersV2, dropOutboxHeadersV2 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** Dead letters for people, and the headers by which a replay is recognized. */
export async function up(knex: Knex): Promise<void> {
  await addOutboxHeadersV2(knex);
  await createDeadLettersTableV1(knex);
  await knex.raw('GRANT SELECT, INSERT, UPDATE ON dead_letters TO order_service');
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropDeadLettersTableV1(knex);
  await dropOutboxHeadersV2(knex);
}
