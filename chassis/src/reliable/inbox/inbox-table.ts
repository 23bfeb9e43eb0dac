import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these functions. A change of the table needs a new function (V2) and a new migration.
 */

/** The ids of messages that a service has handled. Inserted once, checked by conflict, removed by age. */
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

/**
 * V2, first half: the index for the key of {@link keyInboxByQueueV2}. Built CONCURRENTLY while services run, so not in a
 * transaction.
 */
export async function indexInboxByQueueV2(knex: Knex): Promise<void> {
  // As in indexExpiryOfKeysV2.
  await knex.raw('SET lock_timeout = 0');
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS inbox_messages_message_id_queue_idx');
  await knex.raw(/* sql */ `
    CREATE UNIQUE INDEX CONCURRENTLY inbox_messages_message_id_queue_idx ON inbox_messages (message_id, queue)`);
  await knex.raw('RESET lock_timeout');
}

/** Undo {@link indexInboxByQueueV2}. The index does not exist any more if it has become the primary key. */
export async function dropInboxByQueueIndexV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP INDEX IF EXISTS inbox_messages_message_id_queue_idx`);
}

/**
 * V2, second half: a message is unique per queue, so that an event delivered to two queues of a service takes effect in both.
 * Processes of the previous version insert with ON CONFLICT DO NOTHING, which works with either key.
 */
export async function keyInboxByQueueV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE inbox_messages DROP CONSTRAINT inbox_messages_pkey,
      ADD CONSTRAINT inbox_messages_pkey PRIMARY KEY USING INDEX inbox_messages_message_id_queue_idx;
    COMMENT ON COLUMN inbox_messages.queue IS
      'Where it was taken from. Part of the key: another queue of the service gets messages of its own, under the same ids';
  `);
}

/** Undo {@link keyInboxByQueueV2}. For a message recorded for two queues, one row is kept. */
export async function dropInboxKeyByQueueV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    DELETE FROM inbox_messages AS twin USING inbox_messages AS kept
      WHERE twin.message_id = kept.message_id AND twin.queue > kept.queue;
    ALTER TABLE inbox_messages DROP CONSTRAINT inbox_messages_pkey,
      ADD CONSTRAINT inbox_messages_pkey PRIMARY KEY (message_id);
    COMMENT ON COLUMN inbox_messages.queue IS 'Where it was first taken from; for people.';
  `);
}
