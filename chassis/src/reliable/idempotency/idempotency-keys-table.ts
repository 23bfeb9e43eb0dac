import type { Knex } from 'knex';

/** Frozen: released migrations call it. A change needs a V2. */
export async function createIdempotencyKeysTableV1(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE idempotency_keys (
      client_id   text NOT NULL,
      key         text NOT NULL,
      fingerprint bytea NOT NULL,
      state       text NOT NULL,
      resource_id uuid,
      token       integer NOT NULL DEFAULT 1,
      lease_until timestamptz,
      status      smallint,
      location    text,
      body        text,
      replays     integer NOT NULL DEFAULT 0,
      replayed_at timestamptz,
      created_at  timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT idempotency_keys_pkey PRIMARY KEY (client_id, key),
      CONSTRAINT idempotency_keys_state_check CHECK (state IN ('running', 'accepted', 'completed')),
      CONSTRAINT idempotency_keys_answer_check CHECK (state <> 'completed' OR (status IS NOT NULL AND body IS NOT NULL))
    ) WITH (fillfactor = 70);
    -- BRIN: the reaper looks for the oldest rows, and age follows the order of insertion; it costs an insert nothing.
    CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING brin (created_at) WITH (pages_per_range = 16);
    COMMENT ON TABLE idempotency_keys IS 'One row per client and Idempotency-Key: what was asked, and the first final answer';
    COMMENT ON COLUMN idempotency_keys.state IS 'running: a process works on it under a lease; accepted: 202 was given, a message will settle it; completed: the answer is stored';
    COMMENT ON COLUMN idempotency_keys.token IS 'Fencing token: raised by each takeover, so that a process that lost its lease cannot complete the key';
    COMMENT ON COLUMN idempotency_keys.resource_id IS 'The order that the first request made; a takeover resumes with it';
  `);
}

/** Undo {@link createIdempotencyKeysTableV1}. */
export async function dropIdempotencyKeysTableV1(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE idempotency_keys');
}

/**
 * V2: a B-tree replaces the BRIN index by which the reaper found the oldest keys. BRIN ranges are not narrowed when pages are
 * emptied and reused, so that after one retention every batch read all pages. Built CONCURRENTLY while services run, so not in
 * a transaction.
 */
export async function indexExpiryOfKeysV2(knex: Knex): Promise<void> {
  // CREATE INDEX CONCURRENTLY waits for open transactions, and blocks none.
  await knex.raw('SET lock_timeout = 0');
  // An interrupted attempt leaves an invalid index.
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_expiry_idx');
  await knex.raw('CREATE INDEX CONCURRENTLY idempotency_keys_expiry_idx ON idempotency_keys (created_at)');
  await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS idempotency_keys_created_at_idx');
  await knex.raw('RESET lock_timeout');
}

/** Undo {@link indexExpiryOfKeysV2}. */
export async function dropExpiryOfKeysV2(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING brin (created_at) WITH (pages_per_range = 16);
    DROP INDEX idempotency_keys_expiry_idx`);
}
