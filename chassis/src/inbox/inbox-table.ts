import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these, so a change of the table is a new function (V2) and a new migration.
 */

/** The ids of the messages that a service has handled. Written once, read by a conflict, removed by age. */
export async function createInboxTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE inbox_messages (
      message_id uuid NOT NULL,
      queue text NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT inbox_messages_pkey PRIMARY KEY (message_id)
    );
    CREATE INDEX inbox_messages_received_at ON inbox_messages (received_at);
    COMMENT ON TABLE inbox_messages IS
      'Messages whose effect has committed, in the transaction of that effect. One that arrives again is dropped.';
    COMMENT ON COLUMN inbox_messages.queue IS 'Where it was first taken from; for people.';
  `);
}

/** Undo {@link createInboxTableV1}. */
export async function dropInboxTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP TABLE inbox_messages`);
}
