import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@shop/chassis/base/db/migrate.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { databaseUrl, testServerUrl } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { type ServiceName, services } from '../../services.ts';
import { longLocksOf } from './long-locks.ts';
import { recordStatements } from './record-statements.ts';

// The day of the last first table of each service. The first migrations create tables in an empty database; later
// ones run on large tables that are in use.
const FIRST_TABLES: Record<ServiceName, string> = {
  order: '20260109',
  inventory: '20260109',
  account: '20260120',
  notification: '2026013109',
};
const OWNER = 'postgres';

const name = `locks_${randomBytes(6).toString('hex')}`;
const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
atEnd(() => rmSync(folder, { recursive: true }));

/** The file of each table; a different file means that the table was rewritten. */
async function filesOf(url: string): Promise<Record<string, number>> {
  return withClient(url, async (client) => {
    const { rows } = await client.query(`
      SELECT relname, pg_relation_filenode(oid) AS file FROM pg_class
      WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'knex_%'`);
    return Object.fromEntries(rows.map(({ relname, file }) => [relname, file]));
  });
}

describe.each(services)('the later migrations of $folder', ({ name: ofService, folder: service }) => {
  const firstTables = FIRST_TABLES[ofService];

  it('block no table for longer than a moment, however large it is', async () => {
    const asSuperuser = (sql: string) => withClient(testServerUrl(), (client) => client.query(sql));
    await asSuperuser(`CREATE DATABASE ${name}`);
    atEnd(() => asSuperuser(`DROP DATABASE ${name} WITH (FORCE)`));
    const all = join(__dirname, '../..', service, 'migrations');
    const first = mkdtempSync(join(folder, service));
    for (const file of readdirSync(all).filter((file) => file.slice(0, firstTables.length) <= firstTables)) {
      symlinkSync(join(all, file), join(first, file));
    }
    const ownerUrl = databaseUrl(name);
    const target = { ownerUrl, applicationUrl: databaseUrl(name, service.replaceAll('-', '_')) };
    expect((await migrate({ ...target, directory: first }, 'up')).length).toBeGreaterThan(2);
    const files = await filesOf(ownerUrl);

    const recording = recordStatements([OWNER]);
    const later = await migrate({ ...target, directory: all }, 'up').finally(recording.stop);
    expect(later.length).toBeGreaterThan(1);
    const statements = recording.of(OWNER);
    expect(statements).toContainEqual(expect.stringContaining('ALTER TABLE'));
    // Knex's statements on its own two tables are short.
    expect(statements.filter((sql) => !sql.includes('knex_migrations')).flatMap(longLocksOf)).toEqual([]);
    expect(await filesOf(ownerUrl)).toMatchObject(files);
  });
});
