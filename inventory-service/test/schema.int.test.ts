import { join } from 'node:path';
import { removeExpiredKeys } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { removeOldInboxRows } from '@shop/chassis/reliable/inbox/inbox.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { addCompletedKeys, addRunningKeys, allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { compareWithFile, migrateThereAndBack, undocumented } from '@shop/chassis/testing/schema.ts';
import { createInventoryDatabase, migrationsDirectory } from './test-app.ts';

describe('the migrations', () => {
  it('go up, down and up again', async () => {
    const trip = await migrateThereAndBack('inventory-service', migrationsDirectory);
    expect(trip.first.length).toBeGreaterThan(0);
    expect(trip.removed).toEqual([]);
    expect(trip.second).toEqual(trip.first);
  });
});

describe('the schema', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createInventoryDatabase();
    atEnd(() => database.drop());
  });
  beforeEach(() => database.truncate());

  it.each([
    'CREATE TABLE mine (id integer)',
    'CREATE SCHEMA mine',
    'ALTER TABLE products ADD COLUMN more text',
    'DROP TABLE stock_movements',
    'TRUNCATE stock_movements',
    'UPDATE stock_movements SET delta_on_hand = 0',
    'DELETE FROM stock_movements',
    'UPDATE stock_adjustments SET delta = 1',
    'DELETE FROM stock_adjustments',
    'UPDATE reservation_lines SET quantity = 1',
    'DELETE FROM reservations',
    'DELETE FROM stock_levels',
    'DELETE FROM products',
  ])('refuses the application role: %s', async (statement) => {
    await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('gives the application role nothing of its own', async () => {
    const { rows } = await database.pool.query(
      `SELECT relname FROM pg_class WHERE relowner = current_user::regrole
       UNION ALL SELECT datname FROM pg_database WHERE datdba = current_user::regrole`,
    );
    expect(rows).toEqual([]);
  });

  it('is the one in schema.sql, from which a database can be made', async () => {
    const { migrated, checkedIn, made } = await compareWithFile(database, join(__dirname, '../schema.sql'));
    expect(checkedIn).toBe(migrated); // npm run schema
    expect(made).toBe(migrated);
  });

  it('has a comment on every table and a name for every constraint', async () => {
    expect(await undocumented(database)).toEqual([]);
  });

  it.each([
    ['more reserved than on hand', 5, 6],
    ['less than nothing reserved', 5, -1],
  ])('refuses %s', async (_what, onHand, reserved) => {
    await database.pool.query(`INSERT INTO products (sku, name) VALUES ('MUG', 'Mug')`);
    const level = database.pool.query('INSERT INTO stock_levels VALUES ($1, $2, $3)', ['MUG', onHand, reserved]);
    await expect(level).rejects.toMatchObject({ constraint: 'stock_levels_never_oversold' });
  });

  it('lets the reaper remove completed keys and inbox rows past their retention, and no others', async () => {
    await addCompletedKeys(database.pool, ['old'], 73);
    await addRunningKeys(database.pool, ['old but running'], 73);
    await addCompletedKeys(database.pool, ['young'], 71);
    await database.pool.query(/* sql */ `
      INSERT INTO inbox_messages (message_id, queue, received_at) VALUES
        (gen_random_uuid(), 'old', now() - interval '8 days'), (gen_random_uuid(), 'young', now())`);
    expect(await removeExpiredKeys(database.pool, 72)).toMatchObject({ count: 1 });
    expect(await removeOldInboxRows(database.pool)).toMatchObject({ count: 1 });
    expect((await allKeys(database.pool)).map(({ key }) => key)).toEqual(['old but running', 'young']);
  });
});
