import { basename, join } from 'node:path';
import { atEnd } from './at-end.ts';
import type { TestDatabase } from './database.ts';
import { compareWithFile, migrateThereAndBack, undocumented } from './schema.ts';

export interface ServiceSchema {
  /** The folder of the service, with `migrations/` and `schema.sql`. */
  folder: string;
  createDatabase: () => Promise<TestDatabase>;
  /** Statements that the role of the service may not execute, beside those that no service's role may. */
  refused: readonly string[];
}

/** The cases that the schema of every service has to pass. Returns their database, for the cases of one service. */
export function describeSchema({ folder, createDatabase, refused }: ServiceSchema): { database: () => TestDatabase } {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
    atEnd(() => database.drop());
  });

  describe('the migrations', () => {
    it('go up, down and up again', async () => {
      const trip = await migrateThereAndBack(basename(folder), join(folder, 'migrations'));
      expect(trip.first.length).toBeGreaterThan(0);
      expect(trip.removed).toEqual([]);
      expect(trip.second).toEqual(trip.first);
    });
  });

  describe('the schema', () => {
    it('is the one in schema.sql, from which a database can be made', async () => {
      const { migrated, checkedIn, made } = await compareWithFile(database, join(folder, 'schema.sql'));
      expect(checkedIn).toBe(migrated); // npm run schema
      expect(made).toBe(migrated);
    });

    it('has a comment on every table and a name for every constraint', async () => {
      expect(await undocumented(database)).toEqual([]);
    });

    it('gives the application role nothing of its own', async () => {
      const { rows } = await database.pool.query(
        `SELECT relname FROM pg_class WHERE relowner = current_user::regrole
         UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole`,
      );
      expect(rows).toEqual([]);
    });

    it.each(['CREATE TABLE mine (id integer)', 'CREATE SCHEMA mine', ...refused])(
      'refuses the application role: %s',
      async (statement) => {
        await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
      },
    );
  });

  return { database: () => database };
}
