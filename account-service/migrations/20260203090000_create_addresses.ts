import { resetAutovacuumV1, setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import type { Knex } from 'knex';

/** Addresses that people keep for their orders. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE addresses (
      id          uuid NOT NULL,
      account_id  uuid NOT NULL,
      name        text,
      street      text,
      postal_code text,
      city        text,
      country     text,
      version     bigint NOT NULL DEFAULT 1,
      created_at  timestamptz NOT NULL,
      updated_at  timestamptz NOT NULL,
      deleted_at  timestamptz,
      CONSTRAINT addresses_pkey PRIMARY KEY (id),
      CONSTRAINT addresses_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id),
      CONSTRAINT addresses_deleted_check CHECK (
        num_nonnulls(name, street, postal_code, city, country) = CASE WHEN deleted_at IS NULL THEN 5 ELSE 0 END
      )
    );
    CREATE INDEX addresses_account_id_idx ON addresses (account_id, id);
    CREATE INDEX addresses_deleted_at_idx ON addresses (deleted_at) WHERE deleted_at IS NOT NULL;
    COMMENT ON TABLE addresses IS 'Addresses of an account. Orders keep a copy of their own';
    COMMENT ON COLUMN addresses.version IS 'ETag of the address';
    COMMENT ON COLUMN addresses.deleted_at IS 'The address is gone, and the id stays for a while, so that a repeated DELETE is answered the same';
    GRANT SELECT, INSERT, UPDATE, DELETE ON addresses TO account_service;
  `);
  await setAutovacuumV1(knex, { changing: ['addresses'], growing: [] });
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await resetAutovacuumV1(knex, ['addresses']);
  await knex.raw('DROP TABLE addresses');
}
