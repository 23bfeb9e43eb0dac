import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@shop/chassis/base/db/migrate.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { databaseUrl, testServerUrl } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import type pg from 'pg';
import { services } from '../../services.ts';

/* The migration command of a deployment, as a process that is killed, or that runs concurrently with a second one. */

const ROOT = join(__dirname, '../..');

const running = new Set<ChildProcess>();
const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
atEnd(() => rmSync(folder, { recursive: true }));

async function createDatabase(): Promise<string> {
  const name = `killed_${randomBytes(6).toString('hex')}`;
  await withClient(testServerUrl(), (client) => client.query(`CREATE DATABASE ${name}`));
  atEnd(() => withClient(testServerUrl(), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`)));
  return name;
}

type Migration = ReturnType<typeof startMigration>;

function startMigration(service: string, database: string) {
  const { child, written, ended } = startProgram(process.execPath, [join(ROOT, service, 'src/migrate.ts'), 'up'], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      DATABASE_OWNER_URL: databaseUrl(database),
      DATABASE_URL: databaseUrl(database, service.replaceAll('-', '_')),
    },
  });
  running.add(child);
  atEnd(() => child.kill('SIGKILL'));
  return { child, ended: ended.finally(() => running.delete(child)), output: () => written.output };
}

/** The content of a database for comparison: columns, constraints, indexes, comments, privileges, migration records. */
async function contentsOf(database: string): Promise<object[]> {
  return withClient(databaseUrl(database), async (client) => {
    const { rows } = await client.query(/* sql */ `
      SELECT relname, relkind, reloptions, relacl::text, obj_description(c.oid) AS comment, a.columns,
        pg_get_indexdef(i.indexrelid) AS index, i.indisvalid, k.constraints
      FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
      LEFT JOIN LATERAL (
        SELECT array_agg(format('%s %s %s', attname, atttypid::regtype, attnotnull) ORDER BY attnum) AS columns
        FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
      LEFT JOIN LATERAL (
        SELECT array_agg(conname || ' ' || pg_get_constraintdef(oid) ORDER BY conname) AS constraints
        FROM pg_constraint WHERE conrelid = c.oid) k ON true
      WHERE relnamespace = 'public'::regnamespace ORDER BY relname`);
    const records = await client.query('SELECT name FROM knex_migrations ORDER BY id');
    return [...rows, ...records.rows];
  });
}

/**
 * Run `work` while Knex's table of records is locked against writes, so that a migration waits when only its record is
 * missing.
 * `work` gets a separate connection, because CREATE INDEX CONCURRENTLY waits for all transactions with an older
 * snapshot: a query in the transaction that holds the lock would cause a deadlock.
 */
async function withoutRecords(database: string, work: (observer: pg.Client) => Promise<void>): Promise<void> {
  await withClient(databaseUrl(database), async (holder) => {
    await holder.query('BEGIN; LOCK TABLE knex_migrations IN SHARE MODE');
    await withClient(databaseUrl(database), work);
  });
}

async function waitUntil(client: pg.Client, sql: string, migration: Migration): Promise<void> {
  const found = await eventually(async () => {
    if ((await client.query(sql)).rowCount !== 0) return 'found';
    if (!running.has(migration.child)) return `the migration has exited: ${migration.output()}`;
    throw new Error(`not found; output of the migration: ${migration.output()}`);
  });
  expect(found).toBe('found');
}

const RECORDING = `SELECT FROM pg_locks WHERE relation = 'knex_migrations'::regclass AND NOT granted`;
const BUILDING = `SELECT FROM pg_stat_activity WHERE datname = current_database()
  AND query ~ 'CREATE (UNIQUE )?INDEX CONCURRENTLY' AND wait_event_type = 'Lock'`;
const INVALID = 'SELECT FROM pg_index WHERE NOT indisvalid';

describe.each(services.map(({ folder }) => folder))('the migrations of %s', (service) => {
  const directory = join(ROOT, service, 'migrations');
  const files = readdirSync(directory).sort();
  const applicationUrl = (database: string) => databaseUrl(database, service.replaceAll('-', '_'));

  /** Run all migrations before this one, in this process. */
  async function migrateBefore(database: string, file: string): Promise<void> {
    const before = mkdtempSync(join(folder, service));
    for (const earlier of files.slice(0, files.indexOf(file)))
      symlinkSync(join(directory, earlier), join(before, earlier));
    await migrate(
      { ownerUrl: databaseUrl(database), applicationUrl: applicationUrl(database), directory: before },
      'up',
    );
  }

  let uninterrupted: object[];
  beforeAll(async () => {
    const database = await createDatabase();
    expect(await startMigration(service, database).ended).toMatchObject({ code: 0 });
    uninterrupted = await contentsOf(database);
  });

  it('can each be killed, and the next run completes them', async () => {
    const database = await createDatabase();
    for (const file of files) {
      await migrateBefore(database, file);
      await withoutRecords(database, async (observer) => {
        const migration = startMigration(service, database);
        await waitUntil(observer, RECORDING, migration);
        migration.child.kill('SIGKILL');
        expect(await migration.ended).toMatchObject({ code: null });
      });
    }
    expect(await startMigration(service, database).ended).toMatchObject({ code: 0 });
    expect(await contentsOf(database)).toEqual(uninterrupted);
  });

  it('can be killed while an index is built beside running services, and the next run builds it again', async () => {
    const database = await createDatabase();
    const sources = files.map((file) => ({ file, source: readFileSync(join(directory, file), 'utf8') }));
    // The others validate a constraint outside a transaction, and build nothing.
    const built = sources
      .filter(({ source }) => source.includes('transaction: false') && !source.includes('VALIDATE CONSTRAINT'))
      .map(({ file }) => file);
    expect(built.length).toBeGreaterThan(2);
    for (const file of built) {
      await migrateBefore(database, file);
      await withClient(databaseUrl(database), async (observer) => {
        await withClient(databaseUrl(database), async (reader) => {
          // An index becomes valid only after all transactions that began before it have ended.
          await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT');
          const migration = startMigration(service, database);
          await waitUntil(observer, BUILDING, migration);
          migration.child.kill('SIGKILL');
          await migration.ended;
          await eventually(async () => ((await observer.query(INVALID)).rowCount === 0 ? undefined : true));
        });
      });
    }
    expect(await startMigration(service, database).ended).toMatchObject({ code: 0 });
    expect(await contentsOf(database)).toEqual(uninterrupted);
  });

  it('run once when two are started at once: the second waits for the first, and both succeed', async () => {
    const database = await createDatabase();
    await migrateBefore(database, files[0] ?? '');
    const both: Migration[] = [];
    await withoutRecords(database, async (observer) => {
      const first = startMigration(service, database);
      both.push(first, startMigration(service, database));
      await waitUntil(observer, RECORDING, first);
      await eventually(() => (both.some(({ output }) => output().includes('waiting for it')) ? true : undefined));
    });
    const outcomes = await Promise.all(both.map(({ ended }) => ended));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    expect(outcomes.filter(({ output }) => output.includes('nothing to do'))).toHaveLength(1);
    expect(await contentsOf(database)).toEqual(uninterrupted);
  });

  it('remove a lock that a killed run of an earlier version has left', async () => {
    const database = await createDatabase();
    await migrateBefore(database, files[0] ?? '');
    await withClient(databaseUrl(database), (client) => client.query('UPDATE knex_migrations_lock SET is_locked = 1'));
    expect(await startMigration(service, database).ended).toMatchObject({ code: 0 });
  });
});
