import { createFeedTablesV1, dropFeedTablesV1 } from '@shop/chassis/reliable/feed/feed-table.ts';
import type { Knex } from 'knex';

/** Changes of orders, with positions to resume from. */
export async function up(knex: Knex): Promise<void> {
  await createFeedTablesV1(knex, {
    name: 'order_changes',
    columns: 'order_id uuid NOT NULL, version integer NOT NULL, status text NOT NULL',
    role: 'order_service',
    about: 'Every change of the status of an order, placing included, once. Kept for a day',
  });
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await dropFeedTablesV1(knex, 'order_changes');
}
