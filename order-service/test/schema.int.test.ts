import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { compareWithFile, migrateThereAndBack, undocumented } from '@shop/chassis/testing/schema.ts';
import { createOrderDatabase } from './test-app.ts';

describe('the migrations', () => {
  it('go up, down and up again', async () => {
    const trip = await migrateThereAndBack('order-service', join(__dirname, '../migrations'));
    expect(trip.first.length).toBeGreaterThan(0);
    expect(trip.removed).toEqual([]);
    expect(trip.second).toEqual(trip.first);
  });
});

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createOrderDatabase();
    atEnd(() => database.drop());
  });

  it('is the one in schema.sql, from which a database can be made', async () => {
    const { migrated, checkedIn, made } = await compareWithFile(database, join(__dirname, '../schema.sql'));
    expect(checkedIn).toBe(migrated); // npm run schema
    expect(made).toBe(migrated);
  });

  it('has a comment on every table and a name for every constraint', async () => {
    expect(await undocumented(database)).toEqual([]);
  });

  it('gives the application role nothing of its own', async () => {
    const { rows } = await database.pool.query('SELECT relname FROM pg_class WHERE relowner = current_user::regrole');
    expect(rows).toEqual([]);
  });

  it.each([
    'CREATE TABLE x ()',
    'ALTER TABLE orders ADD COLUMN x text',
    'DROP TABLE order_lines',
    'TRUNCATE orders',
    'DELETE FROM orders',
    "UPDATE order_timeline SET actor = 'x'",
    'DELETE FROM order_timeline',
    'UPDATE order_lines SET quantity = 1',
    'UPDATE order_changes SET position = 1',
    'DELETE FROM order_changes_epochs',
  ])('refuses the application role: %s', async (statement) => {
    await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});
