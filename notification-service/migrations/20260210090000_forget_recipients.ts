import { setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import type { Knex } from 'knex';

/** Accounts that were deleted: notifications name them no more, also those whose events come later. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    ALTER TABLE notifications ALTER COLUMN recipient DROP NOT NULL;
    COMMENT ON COLUMN notifications.recipient IS 'Id of the account, whose mail address is read when the mail is sent, and stored nowhere. Null: the account was deleted';

    CREATE TABLE forgotten_recipients (
      recipient    text NOT NULL,
      forgotten_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT forgotten_recipients_pkey PRIMARY KEY (recipient)
    );
    CREATE INDEX forgotten_recipients_forgotten_at_idx ON forgotten_recipients (forgotten_at);
    COMMENT ON TABLE forgotten_recipients IS 'Ids of deleted accounts, so that an event that comes late queues nothing for them';
    GRANT SELECT, INSERT, UPDATE, DELETE ON forgotten_recipients TO notification_service;
  `);
  await setAutovacuumV1(knex, { changing: ['forgotten_recipients'], growing: [] });
}

/** Undo. Notifications without a recipient are removed. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw(/* sql */ `
    DROP TABLE forgotten_recipients;
    DELETE FROM notifications WHERE recipient IS NULL;
    ALTER TABLE notifications ALTER COLUMN recipient SET NOT NULL;
    COMMENT ON COLUMN notifications.recipient IS 'Id of the account. Its mail address is read when the mail is sent, and stored nowhere';
  `);
}
