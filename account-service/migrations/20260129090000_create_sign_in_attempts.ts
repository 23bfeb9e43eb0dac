import { resetAutovacuumV1, setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import type { Knex } from 'knex';

/**
 * Failed sign-ins of the last 15 minutes. In the database, so that all processes share them and a restart gives no further
 * guesses; logged, because a hash takes longer than its two commits.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    CREATE TABLE sign_in_attempts (
      key       bytea NOT NULL,
      failed_at timestamptz[] NOT NULL,
      last_at   timestamptz NOT NULL,
      CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (key)
    ) WITH (fillfactor = 70);
    CREATE INDEX sign_in_attempts_last_at_idx ON sign_in_attempts (last_at);
    COMMENT ON TABLE sign_in_attempts IS 'Failed sign-ins of the last 15 minutes: by account and address, by account, and by address. An attempt is counted before it is judged, and taken back if it was right';
    COMMENT ON COLUMN sign_in_attempts.key IS 'Digest of what is counted, so that no mail address is stored';
    COMMENT ON COLUMN sign_in_attempts.failed_at IS 'Oldest first';
    COMMENT ON COLUMN sign_in_attempts.last_at IS 'The row is removed 15 minutes later';
    GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO account_service;
  `);
  await setAutovacuumV1(knex, { changing: ['sign_in_attempts'], growing: [] });
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await resetAutovacuumV1(knex, ['sign_in_attempts']);
  await knex.raw('DROP TABLE sign_in_attempts');
}
