import { join } from 'node:path';
import { describeSchema } from '@shop/chassis/testing/describe-schema.ts';
import { createAccountDatabase } from './test-app.ts';

const { database } = describeSchema({
  folder: join(__dirname, '..'),
  createDatabase: createAccountDatabase,
  refused: ['ALTER TABLE accounts ADD COLUMN more text', 'TRUNCATE sessions'],
});

describe('the schema of accounts', () => {
  beforeEach(() => database().truncate());

  const insert = (columns: string, values: string) =>
    database().pool.query(`INSERT INTO accounts (id, locale, ${columns}) VALUES (gen_random_uuid(), 'en', ${values})`);

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
    const key = database().pool.query(
      `INSERT INTO signing_keys (kid, audience, public_key, private_key, signs_from) VALUES ('shop-1', 'console', '', '', now())`,
    );
    await expect(key).rejects.toMatchObject({ constraint: 'signing_keys_kid_check' });
  });
});
