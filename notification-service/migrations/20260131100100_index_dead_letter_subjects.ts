import {
  dropDeadLetterSubjectIndexV3,
  indexDeadLetterSubjectsV3,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** An operator lists the dead letters of one subject. */
export async function up(knex: Knex): Promise<void> {
  await indexDeadLetterSubjectsV3(knex);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropDeadLetterSubjectIndexV3(knex);
}
