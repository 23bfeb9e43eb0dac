import {
  createIdempotencyKeysTableV1,
  dropIdempotencyKeysTableV1,
} from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import { createInboxTableV1, dropInboxTableV1 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import {
  addOutboxHeadersV2,
  createOutboxTableV1,
  describeOutboxPausesV4,
  dropOutboxTableV1,
  indexOutboxCommandsV3,
} from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** What gives requests and messages exactly one effect: keys, outbox, inbox. */
export async function up(knex: Knex): Promise<void> {
  await createIdempotencyKeysTableV1(knex);
  await createOutboxTableV1(knex);
  await addOutboxHeadersV2(knex);
  await indexOutboxCommandsV3(knex);
  await describeOutboxPausesV4(knex);
  await createInboxTableV1(knex);
  await knex.raw(/* sql */ `
    -- UPDATE on the inbox, whose rows never change, is what FOR UPDATE SKIP LOCKED requires.
    GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, outbox_messages, inbox_messages TO notification_service;
  `);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropInboxTableV1(knex);
  await dropOutboxTableV1(knex);
  await dropIdempotencyKeysTableV1(knex);
}
