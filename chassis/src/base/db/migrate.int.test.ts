import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '../../testing/at-end.ts';
import { databaseUrl, testServerUrl } from '../../testing/database.ts';
import { eventually } from '../../testing/eventually.ts';
import { withClient } from '../../testing/with-client.ts';
import { type MigrationTarget, migrate } from './migrate.ts';

const name = `migrate_${randomBytes(6).toString('hex')}`;
let directory: string;
let target: MigrationTarget;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  atEnd(() => rm(directory, { recursive: true }));
  const up = (sql: string) => `export const up = (knex) => knex.raw('${sql}');\nexport const down = async () => {};\n`;
  await writeFile(join(directory, '1_make.ts'), up('CREATE TABLE things (id integer)'));
  const onServer = (sql: string) => withClient(testServerUrl(), (client) => client.query(sql));
  await onServer(`CREATE DATABASE ${name}`);
  atEnd(() => onServer(`DROP DATABASE ${name} WITH (FORCE)`));
  const ownerUrl = databaseUrl(name);
  target = { ownerUrl, applicationUrl: databaseUrl(name, 'order_service'), directory, lockPauseMs: 10 };
  await migrate(target, 'up');
  await writeFile(join(directory, '2_change.ts'), up('ALTER TABLE things ADD COLUMN more text'));
});

describe('a migration that needs a lock which a long transaction holds', () => {
  it('lets later statements pass, and succeeds when the transaction is over', async () => {
    await withClient(target.ownerUrl, async (holder) => {
      await holder.query('BEGIN; SELECT FROM things');
      const migrated = migrate(target, 'up');
      await withClient(target.ownerUrl, async (reader) => {
        const waits = `SELECT FROM pg_locks WHERE relation = 'things'::regclass AND NOT granted`;
        await eventually(async () => (await reader.query(waits)).rowCount === 1 || undefined);
        // It queues behind the migration, and would wait as long as the migration does.
        await reader.query('SELECT FROM things');
      });
      await holder.query('COMMIT');
      expect(await migrated).toEqual(['2_change.ts']);
    });
  });

  it('fails after its last attempt without the lock, and leaves nothing behind', async () => {
    await writeFile(
      join(directory, '3_change.ts'),
      `export const up = (knex) => knex.raw('ALTER TABLE things ADD COLUMN most text');\nexport const down = async () => {};\n`,
    );
    await withClient(target.ownerUrl, async (holder) => {
      await holder.query('BEGIN; SELECT FROM things');
      await expect(migrate({ ...target, lockAttempts: 2 }, 'up')).rejects.toMatchObject({ code: '55P03' });
      await holder.query('COMMIT');
    });
    expect(await migrate(target, 'up')).toEqual(['3_change.ts']);
  });
});
