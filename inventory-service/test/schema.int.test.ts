import { join } from 'node:path';
import { removeExpiredKeys } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { removeOldInboxRows } from '@shop/chassis/reliable/inbox/inbox.ts';
import { describeSchema } from '@shop/chassis/testing/describe-schema.ts';
import { addCompletedKeys, addRunningKeys, allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { createInventoryDatabase } from './test-app.ts';

const { database } = describeSchema({
  folder: join(__dirname, '..'),
  createDatabase: createInventoryDatabase,
  refused: [
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
  ],
});

describe('the schema of inventory', () => {
  beforeEach(() => database().truncate());

  it.each([
    ['more reserved than on hand', 5, 6],
    ['less than nothing reserved', 5, -1],
  ])('refuses %s', async (_what, onHand, reserved) => {
    await database().pool.query(`INSERT INTO products (sku, name) VALUES ('MUG', 'Mug')`);
    const level = database().pool.query('INSERT INTO stock_levels VALUES ($1, $2, $3)', ['MUG', onHand, reserved]);
    await expect(level).rejects.toMatchObject({ constraint: 'stock_levels_never_oversold' });
  });

  it('lets the reaper remove completed keys and inbox rows past their retention, and no others', async () => {
    await addCompletedKeys(database().pool, ['old'], 73);
    await addRunningKeys(database().pool, ['old but running'], 73);
    await addCompletedKeys(database().pool, ['young'], 71);
    await database().pool.query(/* sql */ `
      INSERT INTO inbox_messages (message_id, queue, received_at) VALUES
        (gen_random_uuid(), 'old', now() - interval '8 days'), (gen_random_uuid(), 'young', now())`);
    expect(await removeExpiredKeys(database().pool, 72)).toMatchObject({ count: 1 });
    expect(await removeOldInboxRows(database().pool)).toMatchObject({ count: 1 });
    expect((await allKeys(database().pool)).map(({ key }) => key)).toEqual(['old but running', 'young']);
  });
});
