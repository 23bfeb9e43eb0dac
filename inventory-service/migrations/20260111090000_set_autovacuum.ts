import { resetAutovacuumV1, setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import type { Knex } from 'knex';

const changing = ['stock_levels', 'reservations', 'idempotency_keys', 'inbox_messages', 'dead_letters', 'products'];
const growing = ['reservation_lines', 'stock_movements', 'stock_adjustments'];

/** Vacuum and analyze in small portions, at any size. */
export async function up(knex: Knex): Promise<void> {
  await setAutovacuumV1(knex, { changing, growing });
}

/** The way back. */
export async function down(knex: Knex): Promise<void> {
  await resetAutovacuumV1(knex, [...changing, ...growing]);
}
