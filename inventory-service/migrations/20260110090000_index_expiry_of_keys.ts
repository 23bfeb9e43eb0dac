import { dropExpiryOfKeysV2, indexExpiryOfKeysV2 } from '@shop/chassis/reliable/idempotency/idempotency-keys-table.ts';
import type { Knex } from 'knex';

/** An index that is built beside running services cannot be part of a transaction. */
export const config = { transaction: false };

/** The reaper finds the oldest keys however many came and went. */
export async function up(knex: Knex): Promise<void> {
  await indexExpiryOfKeysV2(knex);
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropExpiryOfKeysV2(knex);
}
