import type { Knex } from 'knex';

/** Mails that an account was to get, with the one-time tokens in their links. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE email_tokens (
      id         uuid NOT NULL,
      account_id uuid NOT NULL,
      purpose    text NOT NULL,
      email      text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at    timestamptz,
      CONSTRAINT email_tokens_pkey PRIMARY KEY (id),
      CONSTRAINT email_tokens_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id),
      CONSTRAINT email_tokens_purpose_check CHECK (purpose IN ('verification', 'account-exists', 'password-reset', 'email-change'))
    );
    -- The mails of an address in the last hour are counted, and those of an account are found to end them.
    CREATE INDEX email_tokens_account_id_idx ON email_tokens (account_id, created_at);
    CREATE INDEX email_tokens_expires_at_idx ON email_tokens (expires_at);
    COMMENT ON TABLE email_tokens IS 'One row per mail. The token in its link is derived from the id and the master key, and is stored nowhere';
    COMMENT ON COLUMN email_tokens.purpose IS 'What the link does; account-exists: sign-up with the address of an account, whose mail has no token';
    COMMENT ON COLUMN email_tokens.email IS 'Where the mail goes; of an email-change, the new address';
    COMMENT ON COLUMN email_tokens.used_at IS 'When the token had its effect. A repeat of the same request is answered again until expires_at';
    GRANT SELECT, INSERT, UPDATE, DELETE ON email_tokens TO account_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE email_tokens');
}
