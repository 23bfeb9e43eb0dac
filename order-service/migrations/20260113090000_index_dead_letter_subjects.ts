import {
  dropDeadLetterSubjectIndexV3,
  indexDeadLetterSubjectsV3,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import type { Knex } from 'knex';

/** An index that is built beside running services cannot be part of a transaction. */
export const config = { transaction: false };

/** An operator asks for the dead letters of one order. */
export async function up(knex: Knex): Promise<void> {
  await indexDeadLetterSubjectsV3(knex);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropDeadLetterSubjectIndexV3(knex);
}
