import type { Knex } from 'knex';

/*
 * When autovacuum comes to a table. Frozen: released migrations call it; other numbers are a new function.
 *
 * PostgreSQL's own settings wait for a fifth of a table: of ten million rows, two million dead rows, and then one vacuum
 * that takes as long. With a fiftieth each vacuum is short, and comes often enough at any size; a fixed part on top keeps
 * it from coming for nothing while the table is small. (PostgreSQL: "Routine Vacuuming", 24.1.6.)
 */
const SHARE = 0.02;
const ROWS = 1_000;
// Rows that are only inserted need vacuum for the visibility map and to be frozen in small portions instead of all at once
// when the transaction ids come to an end. It skips the pages that it has seen, so a portion costs what was inserted.
const INSERTED_ROWS = 100_000;
// Plans follow the statistics: as often as a tenth of what PostgreSQL waits for, for it reads 30,000 rows at any size.
const ANALYZE_SHARE = 0.01;

/** `changing`: rows are updated or removed. `growing`: rows are only inserted. `queue` tables have settings of their own. */
export async function setAutovacuumV1(
  knex: Knex,
  { changing, growing }: { changing: readonly string[]; growing: readonly string[] },
): Promise<void> {
  const analyze = `autovacuum_analyze_scale_factor = ${ANALYZE_SHARE}, autovacuum_analyze_threshold = ${ROWS}`;
  const inserts = `autovacuum_vacuum_insert_scale_factor = ${SHARE}, autovacuum_vacuum_insert_threshold = ${INSERTED_ROWS}`;
  const dead = `autovacuum_vacuum_scale_factor = ${SHARE}, autovacuum_vacuum_threshold = ${ROWS}`;
  for (const table of changing) await knex.raw(`ALTER TABLE ${table} SET (${dead}, ${inserts}, ${analyze})`);
  for (const table of growing) await knex.raw(`ALTER TABLE ${table} SET (${inserts}, ${analyze})`);
}

/** Undo {@link setAutovacuumV1}. */
export async function resetAutovacuumV1(knex: Knex, tables: readonly string[]): Promise<void> {
  const settings = ['vacuum_scale_factor', 'vacuum_threshold', 'vacuum_insert_scale_factor', 'vacuum_insert_threshold'];
  const names = [...settings, 'analyze_scale_factor', 'analyze_threshold']
    .map((name) => `autovacuum_${name}`)
    .join(', ');
  for (const table of tables) await knex.raw(`ALTER TABLE ${table} RESET (${names})`);
}
