import type { Knex } from 'knex';

/** Who is signed in. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE session_families (
      id         uuid NOT NULL,
      account_id uuid NOT NULL,
      audience   text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      ended_at   timestamptz,
      end_reason text,
      CONSTRAINT session_families_pkey PRIMARY KEY (id),
      CONSTRAINT session_families_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id),
      CONSTRAINT session_families_audience_check CHECK (audience IN ('shop', 'console')),
      CONSTRAINT session_families_end_check CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
      CONSTRAINT session_families_end_reason_check
        CHECK (end_reason IN ('signed-out', 'signed-out-everywhere', 'theft', 'password-changed', 'account-deleted'))
    );
    CREATE INDEX session_families_account_id_idx ON session_families (account_id, id) WHERE ended_at IS NULL;
    CREATE INDEX session_families_expires_at_idx ON session_families (expires_at);
    COMMENT ON TABLE session_families IS 'One row per sign-in: all refresh tokens that descend from it. Its id is sid in access tokens. A refresh locks the row, so that a sign-out at the same time wins';
    COMMENT ON COLUMN session_families.end_reason IS 'theft: a refresh token was used again after its successor was';
    GRANT SELECT, INSERT, UPDATE, DELETE ON session_families TO account_service;

    CREATE TABLE sessions (
      token_hash bytea NOT NULL,
      family_id  uuid NOT NULL,
      parent     bytea,
      created_at timestamptz NOT NULL DEFAULT now(),
      used_at    timestamptz,
      CONSTRAINT sessions_pkey PRIMARY KEY (token_hash),
      CONSTRAINT sessions_family_id_fkey FOREIGN KEY (family_id) REFERENCES session_families (id) ON DELETE CASCADE,
      CONSTRAINT sessions_parent_key UNIQUE (parent)
    );
    CREATE INDEX sessions_family_id_idx ON sessions (family_id);
    COMMENT ON TABLE sessions IS 'Refresh tokens. Each is used once and has one successor, which is derived from it and the master key';
    COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of the token, which is stored nowhere';
    COMMENT ON COLUMN sessions.parent IS 'token_hash of the token that was used to get this one; null: the first of its family';
    GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO account_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE sessions, session_families');
}
