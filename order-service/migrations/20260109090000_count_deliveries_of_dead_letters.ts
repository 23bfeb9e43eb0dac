import {
  addDeadLetterDeliveriesV2,
  dropDeadLetterDeliveriesV2,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import type { Knex } from 'knex';

/** A letter that comes again is told from another copy of its message. */
export async function up(knex: Knex): Promise<void> {
  await addDeadLetterDeliveriesV2(knex);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropDeadLetterDeliveriesV2(knex);
}
