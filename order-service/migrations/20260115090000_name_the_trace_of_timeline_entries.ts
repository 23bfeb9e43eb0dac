import type { Knex } from 'knex';

/** The trace that a step belongs to, where it is not named after the request. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE order_timeline ADD COLUMN trace_id text;
    COMMENT ON COLUMN order_timeline.trace_id IS
      'The trace in which the step was taken. Null: it has the id of the request, correlation_id.';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE order_timeline DROP COLUMN trace_id');
}
