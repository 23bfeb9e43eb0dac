import {
  createIdempotencyKeysTableV1,
  dropIdempotencyKeysTableV1,
} from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import { createInboxTableV1, dropInboxTableV1 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import { createOutboxTableV1, dropOutboxTableV1 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await createIdempotencyKeysTableV1(knex);
  await createOutboxTableV1(knex);
  await createInboxTableV1(knex);
  await knex.raw(
    'GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys, outbox_messages, inbox_messages TO order_service',
  );
}

export async function down(knex: Knex): Promise<void> {
  await dropInboxTableV1(knex);
  await dropOutboxTableV1(knex);
  await dropIdempotencyKeysTableV1(knex);
}
