import type { Knex } from 'knex';

/** Keys that sign access tokens. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE signing_keys (
      kid         text NOT NULL,
      audience    text NOT NULL,
      public_key  bytea NOT NULL,
      private_key bytea NOT NULL,
      created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
      signs_from  timestamptz NOT NULL,
      signs_until timestamptz,
      CONSTRAINT signing_keys_pkey PRIMARY KEY (kid),
      CONSTRAINT signing_keys_audience_check CHECK (audience IN ('shop', 'console')),
      CONSTRAINT signing_keys_kid_check CHECK (starts_with(kid, audience || '-')),
      CONSTRAINT signing_keys_period_check CHECK (signs_until >= signs_from)
    );
    CREATE UNIQUE INDEX signing_keys_newest_key ON signing_keys (audience) WHERE signs_until IS NULL;
    COMMENT ON TABLE signing_keys IS 'Ed25519 keys. At each time one of an audience signs: signs_until of a key is signs_from of the next';
    COMMENT ON COLUMN signing_keys.kid IS 'Begins with the audience: a key signs for that one alone';
    COMMENT ON COLUMN signing_keys.public_key IS 'The 32 bytes of RFC 8032';
    COMMENT ON COLUMN signing_keys.private_key IS 'The seed, encrypted by AES-256-GCM with a key derived from the master key: nonce, tag, ciphertext; kid is authenticated with it';
    COMMENT ON COLUMN signing_keys.signs_from IS 'Later than created_at by the time in which all verifiers learn the key; equal for the first of an audience';
    COMMENT ON COLUMN signing_keys.signs_until IS 'Null: the newest of its audience. The key is published until no token signed with it can be valid';
    GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO account_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE signing_keys');
}
