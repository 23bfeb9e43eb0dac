import { resetAutovacuumV1, setAutovacuumV1 } from '@shop/chassis/base/db/vacuum-settings.ts';
import type { Knex } from 'knex';

const changing = ['notifications', 'attempts', 'idempotency_keys', 'inbox_messages', 'dead_letters'];

/** Vacuum and analyze in small portions, at any size. */
export async function up(knex: Knex): Promise<void> {
  await setAutovacuumV1(knex, { changing, growing: [] });
}

/** Undo. */
export async function down(knex: Knex): Promise<void> {
  await resetAutovacuumV1(knex, changing);
}
