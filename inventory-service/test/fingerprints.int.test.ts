/**
 * What every write of inventory-service leaves with its key, as text: the same bytes as in the first release, or a
 * client's retry across a deploy is refused, and for adjustments a retry at any time.
 */
import { hash } from 'node:crypto';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { keyNamed } from '@shop/chassis/testing/idempotency-keys.ts';
import {
  createInventoryDatabase,
  type InventoryService,
  OPERATIONS,
  patch,
  post,
  startInventoryService,
  stock,
} from './test-app.ts';

let database: TestDatabase;
let service: InventoryService;
beforeAll(async () => {
  database = await createInventoryDatabase();
  atEnd(() => database.drop());
  service = startInventoryService(database.pool);
  atEnd(() => service.stop());
  await stock(service, 'Mug.1', 5);
});

it.each([
  [
    'a product',
    'a',
    () => post(service, '/products', { name: 'A cup', sku: 'CUP' }, { key: 'a' }),
    '["POST","/products",{},{"name":"A cup","sku":"CUP"}]',
  ],
  [
    'a name',
    'b',
    () => patch(service, '/products/Mug.1', { name: 'A mug' }, { key: 'b' }),
    '["PATCH","/products/:sku",{"sku":"Mug.1"},{"name":"A mug"}]',
  ],
  [
    'an adjustment',
    'c',
    () => post(service, '/products/Mug.1/adjustments', { reason: 'delivery', delta: -1 }, { key: 'c' }),
    '["POST","/products/:sku/adjustments",{"sku":"Mug.1"},{"delta":-1,"reason":"delivery"}]',
  ],
  [
    'a count',
    'e',
    () => post(service, '/products/Mug.1/counts', { expected: 4, counted: 6 }, { key: 'e' }),
    '["POST","/products/:sku/counts",{"sku":"Mug.1"},{"counted":6,"expected":4}]',
  ],
  [
    'a batch of adjustments',
    'f',
    () =>
      post(
        service,
        '/products/adjustments',
        { adjustments: [{ sku: 'Mug.1', reason: 'r', delta: 2, key: 'g' }] },
        { key: 'f' },
      ),
    '["POST","/products/adjustments",{},{"adjustments":[{"delta":2,"key":"g","reason":"r","sku":"Mug.1"}]}]',
  ],
  [
    'a comparison',
    'd',
    () => post(service, '/operations/inventory/reconciliation', {}, { key: 'd', as: OPERATIONS }),
    '["POST","/operations/inventory/reconciliation",{},{}]',
  ],
])('%s', async (_what, key, write, canonical) => {
  expect((await write()).status).toBeLessThan(300);
  const stored = await keyNamed(database.pool, key);
  expect(stored?.fingerprint.toString('hex')).toBe(hash('sha256', canonical, 'hex'));
});

it.each([
  ['an adjustment', 'c', '["POST","/products/:sku/adjustments",{"sku":"Mug.1"},{"delta":-1,"reason":"delivery"}]'],
  ['a count', 'e', '["POST","/products/:sku/counts",{"sku":"Mug.1"},{"counted":6,"expected":4}]'],
  // The same as if it had been sent alone.
  ['one of a batch', 'g', '["POST","/products/:sku/adjustments",{"sku":"Mug.1"},{"delta":2,"reason":"r"}]'],
])('%s keeps it', async (_what, key, canonical) => {
  const { rows } = await database.pool.query('SELECT fingerprint FROM stock_adjustments WHERE idempotency_key = $1', [
    key,
  ]);
  const { fingerprint } = (await keyNamed(database.pool, key)) ?? {};
  expect(rows).toEqual([{ fingerprint }]);
  expect(fingerprint?.toString('hex')).toBe(hash('sha256', canonical, 'hex'));
});
