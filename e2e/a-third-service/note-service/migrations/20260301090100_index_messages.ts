import { indexDeadLetterSubjectsV3 } from '@shop/chassis/reliable/dead-letters/dead-letters-table.ts';
import { indexExpiryOfKeysV2 } from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import { indexInboxByQueueV2 } from '@shop/chassis/reliable/inbox/inbox-table.ts';
import { indexOutboxCommandsV3 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await indexDeadLetterSubjectsV3(knex);
  await indexExpiryOfKeysV2(knex);
  await indexInboxByQueueV2(knex);
  await indexOutboxCommandsV3(knex);
}

/** The indexes are dropped with their tables. */
export async function down(): Promise<void> {}
