import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import pg from 'pg';
import { sqlState } from '../../reliable/postgres/transaction.ts';
import { sessionOptions } from './session-settings.ts';

const LOCK_NOT_AVAILABLE = '55P03';
const DUPLICATE_OBJECT = '42710';
const UNIQUE_VIOLATION = '23505';
const INTERNAL_ERROR = 'XX000';

export interface MigrationTarget {
  /** As the owner of the schema. A session is needed: not through a pooler that shares connections. */
  ownerUrl: string;
  /** As the application role: its name and password; the role is made if it is absent. */
  applicationUrl: string;
  /** Folder of the migrations. */
  directory: string;
  /** Called once if another migration of the same database runs, which this one waits for. */
  onWait?: () => void;
  /** For tests: how often, and after which pause, a migration comes again that could not have a table's lock. */
  lockAttempts?: number;
  lockPauseMs?: number;
}

// A statement that waits for a table's lock lets nobody else to the table meanwhile, not even readers. So it waits for as
// long as a service's own statement may, gives way to the others, and comes again: a long report must not stop the shop.
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;

// The same number in every release: it is what two migrations of one database meet at. Locks of other databases are others.
const MIGRATION_LOCK = 20_260_105;
const MIGRATION_LOCK_POLL_MS = 200;
// The largest that a timer takes: how long the other migration builds its index is not for this one to limit.
const UNLIMITED_MS = 2 ** 31 - 1;
const CONNECT_TIMEOUT_MS = 30_000;
// The server looks this often whether the client of a running statement is still there. Without it, the index of a migration
// that was killed would be built to its end, with nobody to record it, before the next migration may begin.
const CLIENT_CHECK_MS = 1_000;
const SESSION = {
  lock_timeout: LOCK_TIMEOUT_MS,
  client_connection_check_interval: CLIENT_CHECK_MS,
  // A limit that the owner's role or database has is for queries, not for building an index.
  statement_timeout: 0,
};

export type MigrationDirection = 'up' | 'down';

/**
 * Bring the schema all the way up, or all the way down. The application role is made first, so that migrations can
 * grant to it; it may log in and nothing else.
 *
 * One at a time: the session that migrates holds an advisory lock, which ends with the session. A second migration waits
 * for it. Knex's own lock is a row that stays when its process is killed; whoever has the advisory lock clears it. Each
 * migration commits together with its record; one that cannot be part of a transaction must bear being run again.
 */
export async function migrate(target: MigrationTarget, direction: MigrationDirection): Promise<string[]> {
  const db = knex({
    client: 'pg',
    connection: {
      connectionString: target.ownerUrl,
      options: sessionOptions(SESSION),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    },
    // One connection, never closed for being idle; should it be lost, the next one waits for the lock as the first did.
    pool: {
      min: 1,
      max: 1,
      createTimeoutMillis: UNLIMITED_MS,
      afterCreate(session: pg.Client, done: (error: unknown, session: pg.Client) => void) {
        lockMigrations(session, target.onWait).then(
          () => done(undefined, session),
          (error) => done(error, session),
        );
      },
    },
    acquireConnectionTimeout: UNLIMITED_MS,
    // An older version that is deployed again finds migrations of a newer one: they only add, so it lives with them.
    migrations: { migrationSource: migrationsIn(target.directory), disableMigrationsListValidation: true },
  });
  try {
    await db.migrate.forceFreeMigrationsLock();
    await ensureApplicationRole(target);
    return await (direction === 'up' ? up(db, target) : givingWay(() => down(db), target));
  } finally {
    await db.destroy();
  }
}

/**
 * Take the lock of this database's migrations for the life of the session. By asking again and again: a session that waits
 * in `pg_advisory_lock` keeps its snapshot, and the index that the other one builds CONCURRENTLY waits for that to end.
 */
async function lockMigrations(session: pg.Client, onWait?: () => void): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { rows } = await session.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]?.locked) return;
    if (attempt === 1) onWait?.();
    await sleep(MIGRATION_LOCK_POLL_MS);
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

/** One by one: Knex records a migration in its transaction only if all of a run are in one. */
async function up(db: Knex, target: MigrationTarget): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const [, names] = await givingWay<[number, string[]]>(() => db.migrate.up(), target);
    if (names.length === 0) return done;
    done.push(...names);
  }
}

async function down(db: Knex): Promise<string[]> {
  // Knex would remove the record after the transaction of the migration.
  const afterEach = (trx: Knex, [name]: unknown[]) => trx('knex_migrations').where({ name }).del();
  const [, names] = (await db.migrate.rollback({ afterEach }, true)) as [number, string[]];
  return names;
}

// Roles belong to the server: a migration of another database may be at the same one.
const ROLE_ATTEMPTS = 5;

async function ensureApplicationRole({ ownerUrl, applicationUrl }: MigrationTarget): Promise<void> {
  const { username, password } = new URL(applicationUrl);
  const name = decodeURIComponent(username);
  const role = pg.escapeIdentifier(name);
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: sessionOptions(),
  });
  await client.connect();
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
        if (rowCount === 0)
          await client.query(`CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT`);
        if (password)
          await client.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(decodeURIComponent(password))}`);
        return;
      } catch (error) {
        // Made, or changed ("tuple concurrently updated"), by the other one meanwhile.
        const met = [DUPLICATE_OBJECT, UNIQUE_VIOLATION, INTERNAL_ERROR].includes(sqlState(error) ?? '');
        if (!met || attempt === ROLE_ATTEMPTS) throw error;
      }
    }
  } finally {
    await client.end();
  }
}
