import type { Knex } from 'knex';

/*
 * Frozen: released migrations call this, so a change of the table is a new function (V2) and a new migration.
 */

/** Which subscriptions of a service have read from the producer what their queue did not get. */
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
