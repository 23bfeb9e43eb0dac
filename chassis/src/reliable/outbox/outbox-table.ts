import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these functions. A change of the table needs a new function (V2) and a new migration.
 */

/**
 * Messages that the broker has not confirmed yet.
 *
 * The table is a queue: every row is inserted, claimed and deleted within moments. Half of each page is left free, so that
 * claiming a row is a HOT update, which touches no index. Vacuum is triggered by the number of dead rows alone, because a
 * scale factor is meaningless for a table that is empty most of the time.
 */
export async function createOutboxTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE outbox_messages (
      id bigint GENERATED ALWAYS AS IDENTITY,
      message_id uuid NOT NULL,
      exchange text NOT NULL,
      routing_key text NOT NULL,
      mandatory boolean NOT NULL,
      subject_id uuid,
      body text NOT NULL,
      traceparent text,
      created_at timestamptz NOT NULL DEFAULT now(),
      claimed_until timestamptz,
      CONSTRAINT outbox_messages_pkey PRIMARY KEY (id)
    ) WITH (
      fillfactor = 50,
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
      autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
      autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
    );
    -- Whether a command for a reservation is still unsent must be cheap to ask when the broker was away for hours.
    -- Events are not asked for, so they do not pay for the index.
    CREATE INDEX outbox_messages_unsent_commands ON outbox_messages (subject_id) WHERE mandatory;
    COMMENT ON TABLE outbox_messages IS
      'Messages to publish, written with the change that they tell of. The relay deletes a row after the broker has confirmed it.';
    COMMENT ON COLUMN outbox_messages.message_id IS
      'The id in the envelope. Not unique: a message may be sent again, for example when a dead letter is replayed.';
    COMMENT ON COLUMN outbox_messages.exchange IS
      'Where to publish. Empty (the default exchange) with a queue''s name as routing_key: to that queue alone.';
    COMMENT ON COLUMN outbox_messages.mandatory IS
      'Whether the row must be kept until some queue takes it. Events that nobody listens to are no error.';
    COMMENT ON COLUMN outbox_messages.subject_id IS
      'The order or reservation that the message speaks of; null for stock.';
    COMMENT ON COLUMN outbox_messages.body IS 'The whole envelope as JSON, exactly as it will travel.';
    COMMENT ON COLUMN outbox_messages.traceparent IS 'W3C trace context of the request that caused the message.';
    COMMENT ON COLUMN outbox_messages.claimed_until IS
      'No relay but its claimant touches the row before this time; also holds back a row that no queue took.';
  `);
}

/** Undo {@link createOutboxTableV1}. */
export async function dropOutboxTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP TABLE outbox_messages`);
}

/** V2: custom message headers, which a replay adds. */
export async function addOutboxHeadersV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE outbox_messages ADD COLUMN headers json;
    COMMENT ON COLUMN outbox_messages.headers IS 'Headers beside the trace context; null: none';
  `);
}

/** Undo {@link addOutboxHeadersV2}. */
export async function dropOutboxHeadersV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `ALTER TABLE outbox_messages DROP COLUMN headers`);
}

/**
 * V3: index to find commands among any number of events, because commands are published first. Partial, so that inserts of
 * events do not pay for it.
 */
export async function indexOutboxCommandsV3(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `CREATE INDEX outbox_messages_commands ON outbox_messages (id) WHERE mandatory`);
}

/** Undo {@link indexOutboxCommandsV3}. */
export async function dropOutboxCommandsIndexV3(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP INDEX outbox_messages_commands`);
}

/** V4: describes `claimed_until`, whose meaning changed when relays began to lock rows. */
export async function describeOutboxPausesV4(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    COMMENT ON COLUMN outbox_messages.claimed_until IS
      'No relay touches the row before this time: no queue took it the last time, or one refused it';
  `);
}
