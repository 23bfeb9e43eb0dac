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
  /** URL with the owner of the schema. Must not go through a connection pooler, because it needs a session. */
  ownerUrl: string;
  /** URL with the application role and its password. The role is created if it does not exist. */
  applicationUrl: string;
  /** Folder of the migrations. */
  directory: string;
  /** Called once if another migration of the same database is running; this one waits for it. */
  onWait?: () => void;
  /** For tests: number of attempts, and the pause between them, when a table's lock is not available. */
  lockAttempts?: number;
  lockPauseMs?: number;
}

// While a statement waits for an exclusive lock, all later statements on the table queue behind it, even reads. So it waits
// no longer than a statement of a service may, lets the others pass, and retries: a long-running query must not stop the
// service.
const LOCK_TIMEOUT_MS = 1_000;
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;

// Advisory lock of all migrations. It must be the same in every release. Advisory locks are per database.
const MIGRATION_LOCK = 20_260_105;
const MIGRATION_LOCK_POLL_MS = 200;
// The maximum of a timer, because the other migration may need any time to build an index.
const UNLIMITED_MS = 2 ** 31 - 1;
const CONNECT_TIMEOUT_MS = 30_000;
// Interval at which the server checks whether the client of a running statement is still connected. Without it, the index of
// a killed migration would be built to the end, without being recorded, before the next migration can start.
const CLIENT_CHECK_MS = 1_000;
const SESSION = {
  lock_timeout: LOCK_TIMEOUT_MS,
  client_connection_check_interval: CLIENT_CHECK_MS,
  // Overrides a timeout set for the role or the database, which is meant for queries, not for building an index.
  statement_timeout: 0,
};

export type MigrationDirection = 'up' | 'down';

/**
 * Migrate all the way up or all the way down. The application role is created first, so that migrations can grant privileges to
 * it; by itself it can only log in.
 *
 * Only one migration runs at a time: its session holds an advisory lock, which ends with the session, and a second migration
 * waits. Knex's own lock is a row that remains when the process is killed; it is cleared under the advisory lock. Each migration
 * commits together with its record; one that cannot run in a transaction must be repeatable.
 */
export async function migrate(target: MigrationTarget, direction: MigrationDirection): Promise<string[]> {
  const db = knex({
    client: 'pg',
    connection: {
      connectionString: target.ownerUrl,
      options: sessionOptions(SESSION),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    },
    // One connection, never closed for being idle. If it is lost, the next one acquires the lock again.
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
    // After a rollback, an older version finds migrations of a newer one. Migrations only add, so they are compatible.
    migrations: { migrationSource: migrationsIn(target.directory), disableMigrationsListValidation: true },
  });
  try {
    await db.migrate.forceFreeMigrationsLock();
    await ensureApplicationRole(target);
    return await (direction === 'up' ? up(db, target) : retryingLockTimeouts(() => down(db), target));
  } finally {
    await db.destroy();
  }
}

/**
 * Acquire the migration lock for the lifetime of the session. It polls, because a session that waits in `pg_advisory_lock` holds
 * a snapshot, and CREATE INDEX CONCURRENTLY in the other session would wait for that snapshot: a deadlock.
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

/** Retry `work` while another session holds a lock that it needs. Completed migrations stay completed. */
async function retryingLockTimeouts<T>(
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

/** The folder's files in name order. Needed because Knex's loader chooses between import and require by itself. */
function migrationsIn(directory: string): Knex.MigrationSource<string> {
  return {
    getMigrations: async () => (await readdir(directory)).filter((file) => file.endsWith('.ts')).sort(),
    getMigrationName: (file) => file,
    getMigration: (file) => import(join(directory, file)),
  };
}

/** One run per migration, because Knex records migrations in a transaction only if all of a run share it. */
async function up(db: Knex, target: MigrationTarget): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const [, names] = await retryingLockTimeouts<[number, string[]]>(() => db.migrate.up(), target);
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

// Roles are shared by all databases of a server, so a migration of another database may create the same role.
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
        // Created or changed ("tuple concurrently updated") by another migration meanwhile.
        const concurrent = [DUPLICATE_OBJECT, UNIQUE_VIOLATION, INTERNAL_ERROR].includes(sqlState(error) ?? '');
        if (!concurrent || attempt === ROLE_ATTEMPTS) throw error;
      }
    }
  } finally {
    await client.end();
  }
}
