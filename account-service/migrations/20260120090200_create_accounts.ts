import type { Knex } from 'knex';

/** People who sign in, and their passwords. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE accounts (
      id         uuid NOT NULL,
      email      text,
      name       text,
      locale     text NOT NULL,
      roles      text[] NOT NULL DEFAULT '{}',
      status     text NOT NULL,
      version    bigint NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT accounts_pkey PRIMARY KEY (id),
      CONSTRAINT accounts_status_check CHECK (status IN ('unverified', 'active', 'deleted')),
      CONSTRAINT accounts_email_check CHECK ((email IS NULL) = (status = 'deleted')),
      CONSTRAINT accounts_name_check CHECK (name IS NOT NULL OR status <> 'active'),
      CONSTRAINT accounts_roles_check CHECK (roles <@ ARRAY['backoffice', 'operations'])
    );
    -- Addresses are ASCII, so the collation C is enough, and it is the same on every server.
    CREATE UNIQUE INDEX accounts_email_key ON accounts (lower(email COLLATE "C"));
    CREATE INDEX accounts_unverified_idx ON accounts (updated_at) WHERE status = 'unverified';
    COMMENT ON TABLE accounts IS 'People who sign in: shoppers, and staff, who are shoppers too';
    COMMENT ON COLUMN accounts.email IS 'As the person wrote it; unique without regard to case. Null: deleted, so that the address is free again';
    COMMENT ON COLUMN accounts.locale IS 'Language of mail and pages, a BCP 47 tag';
    COMMENT ON COLUMN accounts.roles IS 'What the person may do as staff; empty: a shopper only';
    COMMENT ON COLUMN accounts.status IS 'unverified: the mailbox has not answered yet, so there is no password, and the row is removed after a while; active; deleted: anonymised';
    COMMENT ON COLUMN accounts.version IS 'ETag of the account';
    GRANT SELECT, INSERT, UPDATE, DELETE ON accounts TO account_service;

    CREATE TABLE credentials (
      account_id  uuid NOT NULL,
      hash        bytea NOT NULL,
      salt        bytea NOT NULL,
      memory_kib  integer NOT NULL,
      passes      integer NOT NULL,
      parallelism integer NOT NULL,
      changed_at  timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT credentials_pkey PRIMARY KEY (account_id),
      CONSTRAINT credentials_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id)
    );
    COMMENT ON TABLE credentials IS 'The password of an account, hashed by argon2id';
    COMMENT ON COLUMN credentials.memory_kib IS 'With the two next columns: the parameters of this hash. A row with other ones than the present is hashed again at the next sign-in';
    GRANT SELECT, INSERT, UPDATE, DELETE ON credentials TO account_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE credentials, accounts');
}
