import {
  addDeadLetterDeliveriesV2,
  createDeadLettersTableV1,
  dropDeadLettersTableV1,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import type { Knex } from 'knex';

/** Messages that could not be handled or published. */
export async function up(knex: Knex): Promise<void> {
  await createDeadLettersTableV1(knex);
  await addDeadLetterDeliveriesV2(knex);
  await knex.raw('GRANT SELECT, INSERT, UPDATE ON dead_letters TO notification_service');
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropDeadLettersTableV1(knex);
}
