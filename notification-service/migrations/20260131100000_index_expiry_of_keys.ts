import { dropExpiryOfKeysV2, indexExpiryOfKeysV2 } from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import type { Knex } from 'knex';

/** CREATE INDEX CONCURRENTLY cannot run in a transaction. */
export const config = { transaction: false };

/** The reaper finds the oldest keys by index. */
export async function up(knex: Knex): Promise<void> {
  await indexExpiryOfKeysV2(knex);
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await dropExpiryOfKeysV2(knex);
}
