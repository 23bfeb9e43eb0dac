import { describeOutboxPausesV4 } from '@shop/chassis/reliable/outbox/outbox-table.ts';
import type { Knex } from 'knex';

/** Relays lock their rows; the column is for pauses alone. */
export async function up(knex: Knex): Promise<void> {
  await describeOutboxPausesV4(knex);
}

/** A comment does no harm to the version before. */
export async function down(): Promise<void> {}
