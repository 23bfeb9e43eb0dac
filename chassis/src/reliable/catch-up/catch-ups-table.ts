import type { Knex } from 'knex';

/*
 * Frozen: released migrations call this function. A change of the table needs a new function (V2) and a new migration.
 */

/** Subscriptions of a service that have read missed events from the producer. */
export async function createCatchUpsTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE catch_ups (
      queue text NOT NULL,
      caught_up_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT catch_ups_pkey PRIMARY KEY (queue)
    );
    COMMENT ON TABLE catch_ups IS
      'Subscriptions that have read from the producer what was published before their queue was there';
    COMMENT ON COLUMN catch_ups.caught_up_at IS 'The last time, also after events were dropped';
  `);
}
