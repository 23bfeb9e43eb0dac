import type { Knex } from 'knex';

/*
 * Autovacuum settings of tables. Frozen: released migrations call it; other values need a new function.
 *
 * By default, PostgreSQL vacuums a table when 20 % of its rows are dead: with ten million rows, two million dead rows and then
 * one long vacuum. With 2 %, each vacuum is short and frequent enough at any size; the fixed threshold prevents needless
 * vacuums of small tables. (PostgreSQL: "Routine Vacuuming", 24.1.6.)
 */
const SHARE = 0.02;
const ROWS = 1_000;
// Insert-only tables need vacuum for the visibility map, and to freeze rows gradually instead of all at once before
// transaction id wraparound. Vacuum skips all-visible pages, so its cost is proportional to the inserted rows.
const INSERTED_ROWS = 100_000;
// A tenth of PostgreSQL's default: plans depend on statistics, and ANALYZE reads 30,000 rows for any size of table.
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
