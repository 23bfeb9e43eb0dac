import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { migrate } from '../base/db/migrate.ts';
import { databaseUrl, type TestDatabase, testServerUrl } from './database.ts';
import { dumpSchema } from './dump-schema.ts';
import { withClient } from './with-client.ts';

/** Columns of every table of ours, as rows that can be compared. */
async function schemaOf(url: string): Promise<object[]> {
  const sql = /* sql */ `
    SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'knex_%' ORDER BY 1, 2`;
  return withClient(url, async (client) => (await client.query(sql)).rows);
}

/** Migrate a new database all the way up, all the way down, and up again; returns the schema after each of the three. */
export async function migrateThereAndBack(
  service: string,
  directory: string,
): Promise<{ first: object[]; removed: object[]; second: object[] }> {
  const name = `migrations_${randomBytes(6).toString('hex')}`;
  await withClient(testServerUrl(), (client) => client.query(`CREATE DATABASE ${name}`));
  const ownerUrl = databaseUrl(name);
  const target = { ownerUrl, applicationUrl: databaseUrl(name, service.replaceAll('-', '_')), directory };
  try {
    await migrate(target, 'up');
    const first = await schemaOf(ownerUrl);
    await migrate(target, 'down');
    const removed = await schemaOf(ownerUrl);
    await migrate(target, 'up');
    return { first, removed, second: await schemaOf(ownerUrl) };
  } finally {
    await withClient(testServerUrl(), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }
}

/**
 * The schema of a migrated database, the one that is checked in at `path`, and what a database has that was made from
 * that file. `npm run schema` writes it.
 */
export async function compareWithFile(
  { ownerUrl }: TestDatabase,
  path: string,
): Promise<{ migrated: string; checkedIn: string; made: string }> {
  const migrated = await dumpSchema(ownerUrl);
  if (process.env.WRITE_SCHEMA) writeFileSync(path, migrated);
  const checkedIn = readFileSync(path, 'utf8');
  const name = `schema_${randomBytes(6).toString('hex')}`;
  await withClient(testServerUrl(), (client) => client.query(`CREATE DATABASE ${name}`));
  try {
    const url = databaseUrl(name);
    await withClient(url, (client) => client.query(checkedIn));
    return { migrated, checkedIn, made: await dumpSchema(url) };
  } finally {
    await withClient(testServerUrl(), (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }
}

/** Tables without a comment, and constraints whose name PostgreSQL made up with a number. */
export async function undocumented({ pool }: TestDatabase): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(/* sql */ `
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'knex_%'
      AND obj_description(oid) IS NULL
    UNION ALL
    SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname ~ '[0-9]$'`);
  return rows.map(({ name }) => name);
}
