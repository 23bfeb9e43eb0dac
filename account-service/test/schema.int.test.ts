import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { compareWithFile, migrateThereAndBack, undocumented } from '@shop/chassis/testing/schema.ts';
import { createAccountDatabase, migrationsDirectory } from './test-app.ts';

describe('the migrations', () => {
  it('go up, down and up again', async () => {
    const trip = await migrateThereAndBack('account-service', migrationsDirectory);
    expect(trip.first.length).toBeGreaterThan(0);
    expect(trip.removed).toEqual([]);
    expect(trip.second).toEqual(trip.first);
  });
});

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createAccountDatabase();
    atEnd(() => database.drop());
  });
  beforeEach(() => database.truncate());

  it.each(['CREATE TABLE mine (id integer)', 'ALTER TABLE accounts ADD COLUMN more text', 'TRUNCATE sessions'])(
    'refuses the application role: %s',
    async (statement) => {
      await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
    },
  );

  it('is the one in schema.sql, from which a database can be made', async () => {
    const { migrated, checkedIn, made } = await compareWithFile(database, join(__dirname, '../schema.sql'));
    expect(checkedIn).toBe(migrated); // npm run schema
    expect(made).toBe(migrated);
  });

  it('has a comment on every table and a name for every constraint', async () => {
    expect(await undocumented(database)).toEqual([]);
  });

  const insert = (columns: string, values: string) =>
    database.pool.query(`INSERT INTO accounts (id, locale, ${columns}) VALUES (gen_random_uuid(), 'en', ${values})`);

  it('refuses two accounts with one mail address, whatever its case', async () => {
    await insert('email, status', `'ada@example.org', 'unverified'`);
    await expect(insert('email, status', `'Ada@Example.org', 'unverified'`)).rejects.toMatchObject({
      constraint: 'accounts_email_key',
    });
  });

  it.each([
    ['an active account without a name', 'email, status', `'ada@example.org', 'active'`, 'accounts_name_check'],
    ['a deleted account with a mail address', 'email, status', `'ada@example.org', 'deleted'`, 'accounts_email_check'],
    ['an unknown role', 'email, status, roles', `'a@example.org', 'unverified', '{root}'`, 'accounts_roles_check'],
  ])('refuses %s', async (_what, columns, values, constraint) => {
    await expect(insert(columns, values)).rejects.toMatchObject({ constraint });
  });

  it('refuses a key that signs for another audience than its kid says', async () => {
    const key = database.pool.query(
      `INSERT INTO signing_keys (kid, audience, public_key, private_key, signs_from) VALUES ('shop-1', 'console', '', '', now())`,
    );
    await expect(key).rejects.toMatchObject({ constraint: 'signing_keys_kid_check' });
  });
});
