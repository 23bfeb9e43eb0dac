/**
 * What every write of inventory-service leaves with its key, as text: the same bytes as in the first release, or a
 * client's retry across a deploy is refused, and for adjustments a retry at any time.
 */
import { hash } from 'node:crypto';
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
  service = startInventoryService(database.pool);
  await stock(service, 'Mug.1', 5);
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
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

it('an adjustment keeps it', async () => {
  const { rows } = await database.pool.query("SELECT fingerprint FROM stock_adjustments WHERE idempotency_key = 'c'");
  expect(rows).toEqual([{ fingerprint: (await keyNamed(database.pool, 'c'))?.fingerprint }]);
});
