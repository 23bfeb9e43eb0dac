import type { Knex } from 'knex';

/*
 * Frozen: released migrations call these functions. A change of the table needs a new function (V2) and a new migration.
 */

/**
 * The dead letters of a service. They are kept in a table because a queue can be neither listed nor searched.
 *
 * Data from outside (headers, history) is `json`, not `jsonb`: jsonb rejects the escape \u0000, and a letter that cannot be
 * stored would block its queue for ever.
 */
export async function createDeadLettersTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE dead_letters (
      id             uuid NOT NULL,
      queue          text NOT NULL,
      type           text NOT NULL,
      reason         text NOT NULL,
      group_key      text NOT NULL GENERATED ALWAYS AS (queue || ':' || type || ':' || reason) STORED,
      status         text NOT NULL DEFAULT 'open',
      attempts       integer NOT NULL,
      history        json[] NOT NULL,
      replays        integer NOT NULL DEFAULT 0,
      message_id     text NOT NULL,
      subject_id     uuid,
      routing_key    text NOT NULL,
      headers        json NOT NULL,
      traceparent    text,
      body           text NOT NULL,
      body_digest    bytea NOT NULL,
      actor          text,
      discard_reason text,
      created_at     timestamptz NOT NULL DEFAULT now(),
      arrived_at     timestamptz NOT NULL DEFAULT now(),
      updated_at     timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT dead_letters_pkey PRIMARY KEY (id),
      CONSTRAINT dead_letters_message_key UNIQUE (queue, message_id, body_digest),
      CONSTRAINT dead_letters_status_check CHECK (status IN ('open', 'replayed', 'discarded')),
      CONSTRAINT dead_letters_attempts_check CHECK (attempts >= 0),
      CONSTRAINT dead_letters_actor_check CHECK (status = 'open' OR actor IS NOT NULL),
      CONSTRAINT dead_letters_discard_reason_check CHECK ((discard_reason IS NOT NULL) = (status = 'discarded'))
    );
    CREATE INDEX dead_letters_status_idx ON dead_letters (status, id);
    CREATE INDEX dead_letters_group_key_idx ON dead_letters (group_key, status, id);
    COMMENT ON TABLE dead_letters IS
      'Messages that could not be handled, taken out of their dead-letter queue for people to replay or discard. Never deleted';
    COMMENT ON COLUMN dead_letters.group_key IS 'What is probably one fault: the same queue, type and reason';
    COMMENT ON COLUMN dead_letters.status IS
      'open: somebody has to decide; replayed: sent to its queue again, and open again if it dies there; discarded: given up, for discard_reason';
    COMMENT ON COLUMN dead_letters.attempts IS 'Failed attempts to handle it, those after replays included';
    COMMENT ON COLUMN dead_letters.history IS
      'Oldest first: failed (an attempt, with its error), dead-lettered, replayed, discarded; each with its time';
    COMMENT ON COLUMN dead_letters.replays IS
      'How often it was replayed. The replayed message carries the number, so that an older copy which arrives late is told from one that is poison again';
    COMMENT ON COLUMN dead_letters.message_id IS
      'As the broker had it; a message that came without one has a made-up name that begins with unnamed-';
    COMMENT ON COLUMN dead_letters.subject_id IS 'The order or reservation that the message speaks of, as far as it can be read';
    COMMENT ON COLUMN dead_letters.routing_key IS 'Of the delivery from the dead-letter queue, or of the first publish where the broker tells it';
    COMMENT ON COLUMN dead_letters.body IS 'As its consumer read it: bytes that are no UTF-8, and NUL, are U+FFFD';
    COMMENT ON COLUMN dead_letters.body_digest IS 'SHA-256 of body: two messages may have come under one message_id';
    COMMENT ON COLUMN dead_letters.actor IS 'The client that replayed or discarded it last';
    COMMENT ON COLUMN dead_letters.arrived_at IS 'When it last came out of the dead-letter queue';
  `);
}

/** Undo {@link createDeadLettersTableV1}. */
export async function dropDeadLettersTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP TABLE dead_letters`);
}

/** V2: the number of the delivery that was stored. */
export async function addDeadLetterDeliveriesV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE dead_letters ADD COLUMN deliveries integer NOT NULL DEFAULT 0;
    COMMENT ON COLUMN dead_letters.deliveries IS
      'How often the broker had delivered it before; one that comes with the same headers and more is the same letter again';
  `);
}

/** Undo {@link addDeadLetterDeliveriesV2}. */
export async function dropDeadLetterDeliveriesV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `ALTER TABLE dead_letters DROP COLUMN deliveries`);
}

/** V3: index for the letters of a subject. Built CONCURRENTLY while services run, so not in a transaction. */
export async function indexDeadLetterSubjectsV3(knex: Knex): Promise<void> {
  // As in indexExpiryOfKeysV2.
  await knex.raw('SET lock_timeout = 0');
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS dead_letters_subject_id_idx');
  await knex.raw(/* sql */ `
    CREATE INDEX CONCURRENTLY dead_letters_subject_id_idx ON dead_letters (subject_id, id) WHERE subject_id IS NOT NULL`);
  await knex.raw('RESET lock_timeout');
}

/** Undo {@link indexDeadLetterSubjectsV3}. */
export async function dropDeadLetterSubjectIndexV3(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `DROP INDEX dead_letters_subject_id_idx`);
}
