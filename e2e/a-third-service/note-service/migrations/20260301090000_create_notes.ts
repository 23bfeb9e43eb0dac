import {
  addDeadLetterDeliveriesV2,
  createDeadLettersTableV1,
} from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import { createIdempotencyKeysTableV1 } from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import { createInboxTableV1 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import { addOutboxHeadersV2, createOutboxTableV1 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** Notes, and the tables for idempotent requests and messages. */
export async function up(knex: Knex): Promise<void> {
  await createIdempotencyKeysTableV1(knex);
  await createOutboxTableV1(knex);
  await addOutboxHeadersV2(knex);
  await createInboxTableV1(knex);
  await createDeadLettersTableV1(knex);
  await addDeadLetterDeliveriesV2(knex);
  await knex.raw(/* sql */ `
    CREATE TABLE notes (
      id       uuid NOT NULL,
      order_id uuid NOT NULL,
      text     text NOT NULL,
      CONSTRAINT notes_pkey PRIMARY KEY (id)
    );
    COMMENT ON TABLE notes IS 'Notes of the staff on orders';
    GRANT SELECT, INSERT ON notes TO note_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, outbox_messages, inbox_messages TO note_service;
    GRANT SELECT, INSERT, UPDATE ON dead_letters TO note_service;
  `);
}

/** Drop all tables. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE notes, dead_letters, inbox_messages, outbox_messages, idempotency_keys');
}
