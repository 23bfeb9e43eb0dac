import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { migrate } from '../base/db/migrate.ts';
import type { Pool } from '../base/db/pool.ts';
import { patientPool } from './patient-pool.ts';
import { withClient } from './with-client.ts';

const chassisSource = join(__dirname, '..');

export interface TestDatabase {
  /** As the application role. */
  pool: Pool;
  url: string;
  /** As the superuser. */
  ownerUrl: string;
  /** Truncate all tables of the service; sequences are not reset. */
  truncate(): Promise<void>;
  /** Close the pool and drop the database. */
  drop(): Promise<void>;
}

/**
 * Create a database from a template, which is migrated once per server and set of migrations (CREATE DATABASE … TEMPLATE takes
 * milliseconds, migrating takes seconds). `lockMs` is the lock timeout of its pool; see `patientPool`.
 */
export async function createTestDatabase(service: string, migrations: string, lockMs?: number): Promise<TestDatabase> {
  const role = `${service.replaceAll('-', '_')}`;
  const template = `${role}_template_${fingerprintOf(migrations)}`;
  const name = `${role}_${randomBytes(6).toString('hex')}`;
  await withClient(testServerUrl(), async (client) => {
    // One worker at a time: roles are shared by the server, and a template with open connections cannot be copied.
    await client.query('SELECT pg_advisory_lock(7001)');
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 0) await migrateTemplate(client, template, role, migrations);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  });
  const url = databaseUrl(name, role);
  const ownerUrl = databaseUrl(name);
  const pool = patientPool(url, 10, lockMs);
  return {
    pool,
    url,
    ownerUrl,
    truncate: () => truncate(ownerUrl),
    async drop() {
      await pool.end();
      await withClient(testServerUrl(), (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

async function migrateTemplate(client: pg.Client, template: string, role: string, directory: string) {
  await client.query(`CREATE DATABASE ${template}`);
  try {
    const ownerUrl = databaseUrl(template);
    await migrate({ ownerUrl, applicationUrl: databaseUrl(template, role), directory }, 'up');
  } catch (error) {
    await client.query(`DROP DATABASE ${template} WITH (FORCE)`);
    throw error;
  }
}

async function truncate(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rows } = await client.query<{ tables: string | null }>(/* sql */ `
      SELECT string_agg(format('%I', tablename), ', ') AS tables FROM pg_tables
      WHERE schemaname = 'public' AND tablename NOT LIKE 'knex_%'`);
    if (rows[0]?.tables) await client.query(`TRUNCATE ${rows[0].tables}`);
  });
}

/** Changes with the migrations and with the table definitions of the chassis. */
function fingerprintOf(migrations: string): string {
  const hash = createHash('sha256');
  for (const folder of [migrations, chassisSource]) {
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (folder === migrations ? file.endsWith('.ts') : /-(table|settings)\.ts$/.test(file)) {
        hash.update(readFileSync(join(folder, file)));
      }
    }
  }
  return hash.digest('hex').slice(0, 12);
}

// Roles are shared by all test databases of the server, which exists only for the tests.
const TEST_PASSWORD = 'test';
/** URL of a database on the test server, for `role` or the superuser. */
export function databaseUrl(database: string, role?: string): string {
  const url = new URL(testServerUrl());
  url.pathname = `/${database}`;
  if (role) {
    url.username = role;
    url.password = TEST_PASSWORD;
  }
  return url.href;
}

/** URL of the shared test server, for the superuser. */
export function testServerUrl(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('TEST_POSTGRES_URL is not set: run the tests with "npm run test:int"');
  return url;
}
