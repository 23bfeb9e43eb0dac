import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import pg from 'pg';
import { sqlState } from './transaction.ts';

const LOCK_NOT_AVAILABLE = '55P03';

export interface MigrationTarget {
  /** As the owner of the schema. */
  ownerUrl: string;
  /** As the application role: its name and password; the role is made if it is absent. */
  applicationUrl: string;
  /** Folder of the migrations. */
  directory: string;
  /** For tests: how often, and after which pause, a migration comes again that could not have a table's lock. */
  lockAttempts?: number;
  lockPauseMs?: number;
}

// A statement that waits for a table's lock lets nobody else to the table meanwhile, not even readers. So it waits for as
// long as a service's own statement may, gives way to the others, and comes again: a long report must not stop the shop.
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;

export type MigrationDirection = 'up' | 'down';

/**
 * Bring the schema all the way up, or all the way down. The application role is made first, so that migrations can
 * grant to it; it may log in and nothing else. Two migrations at once wait for each other (Knex's lock table).
 */
export async function migrate(target: MigrationTarget, direction: MigrationDirection): Promise<string[]> {
  const { username, password } = new URL(target.applicationUrl);
  await ensureApplicationRole(target.ownerUrl, decodeURIComponent(username), decodeURIComponent(password));
  const db = knex({
    client: 'pg',
    connection: { connectionString: target.ownerUrl, options: `-c lock_timeout=${LOCK_TIMEOUT_MS}` },
    pool: { min: 0, max: 1 },
    // An older version that is deployed again finds migrations of a newer one: they only add, so it lives with them.
    migrations: { migrationSource: migrationsIn(target.directory), disableMigrationsListValidation: true },
  });
  try {
    return await givingWay(() => (direction === 'up' ? up(db) : down(db)), target);
  } finally {
    await db.destroy();
  }
}

/** Run `work` again while somebody holds a lock that it needs. Migrations that are done stay done. */
async function givingWay<T>(
  work: () => Promise<T>,
  { lockAttempts = LOCK_ATTEMPTS, lockPauseMs = LOCK_PAUSE_MS }: MigrationTarget,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || attempt >= lockAttempts) throw error;
      await sleep(lockPauseMs);
    }
  }
}

/** The folder's files in the order of their names. Knex's own loader decides between import and require by itself. */
function migrationsIn(directory: string): Knex.MigrationSource<string> {
  return {
    getMigrations: async () => (await readdir(directory)).filter((file) => file.endsWith('.ts')).sort(),
    getMigrationName: (file) => file,
    getMigration: (file) => import(join(directory, file)),
  };
}

async function up(db: Knex): Promise<string[]> {
  const [, names] = (await db.migrate.latest()) as [number, string[]];
  return names;
}

async function down(db: Knex): Promise<string[]> {
  const [, names] = (await db.migrate.rollback(undefined, true)) as [number, string[]];
  return names;
}

async function ensureApplicationRole(ownerUrl: string, name: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const role = client.escapeIdentifier(name);
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT`);
    if (password) await client.query(`ALTER ROLE ${role} PASSWORD ${client.escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
}
