import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { v7 as uuidv7 } from 'uuid';
import {
  aReservation,
  findMismatches,
  get,
  type InventoryService,
  levelOf,
  outbox,
  patch,
  post,
  reserve,
  startOnOwnDatabase,
  startUntilEnd,
  stock,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: InventoryService;
/** Another process. */
let other: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
  const otherPool = patientPool(database.url, 5);
  atEnd(() => otherPool.end());
  other = startUntilEnd(otherPool);
});
beforeEach(async () => {
  await database.truncate();
  await stock(service, 'MUG', 5);
});
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

const path = '/products/MUG/counts';
const count = (counted: number, expected: number, key?: string, process = service) =>
  post(process, path, { counted, expected }, { key });
const movements = async () => (await get(service, '/products/MUG/movements').expect(200)).body.items;

describe('POST /products/{sku}/counts', () => {
  it.each([
    ['more', 9],
    ['less', 2],
    ['none', 0],
  ])('sets what is on hand to %s, with a line in the ledger and an event', async (_what, counted) => {
    const { body } = await count(counted, 5).expect(200);
    expect(body).toMatchObject({ sku: 'MUG', name: 'A MUG', onHand: counted, reserved: 0, available: counted });
    await get(service, '/products/MUG').expect(200, body);
    expect((await movements())[0]).toMatchObject({
      kind: 'adjusted',
      deltaOnHand: counted - 5,
      actor: 'backoffice-1',
      reason: 'count',
    });
    const [, ...messages] = await outbox(database.pool);
    expect(messages.map(({ type }) => type)).toEqual(['stock.adjusted', ...(counted ? [] : ['stock.depleted'])]);
    expect(messages[0]?.payload).toMatchObject({ sku: 'MUG', delta: counted - 5, onHand: counted, reason: 'count' });
  });

  it('has nothing to write when as many were counted as are on hand', async () => {
    const before = [await movements(), await outbox(database.pool)];
    expect((await count(5, 5).expect(200)).body).toMatchObject({ onHand: 5 });
    expect([await movements(), await outbox(database.pool)]).toEqual(before);
  });

  it('refuses a count of another level, shows the present one, and gives a repeat the same refusal', async () => {
    await reserve(service, [aReservation({ sku: 'MUG', quantity: 2 })]).expect(200);
    const first = await count(7, 6, 'k').expect(409);
    const present = { onHand: 5, reserved: 2, available: 3 };
    expect(first.body).toMatchObject({ code: 'stock-changed', sku: 'MUG', expected: 6, ...present });
    await count(6, 5).expect(200);
    const repeat = await count(7, 6, 'k').expect(409);
    expect([repeat.text, repeat.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 6, reserved: 2 });
  });

  it('refuses a count of another level even when that level is what was counted', async () => {
    expect((await count(5, 4).expect(409)).body.code).toBe('stock-changed');
  });

  it('refuses to go below what is reserved, down to which it goes', async () => {
    await reserve(service, [aReservation({ sku: 'MUG', quantity: 3 })]).expect(200);
    const { body } = await count(2, 5).expect(409);
    expect(body).toMatchObject({ code: 'insufficient-stock', sku: 'MUG', requested: 3, available: 2 });
    expect((await count(3, 5).expect(200)).body).toMatchObject({ onHand: 3, reserved: 3, available: 0 });
  });

  it('lets exactly one win of many that expect the same level, in two processes', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => count(100 + n, 5, undefined, n % 2 ? service : other)),
    );
    const [winner, ...none] = answers.filter(({ status }) => status === 200);
    expect(none).toEqual([]);
    const lost = answers.filter(({ status }) => status === 409).map(({ body }) => [body.code, body.onHand]);
    expect(lost).toEqual(Array(19).fill(['stock-changed', winner?.body.onHand]));
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: winner?.body.onHand, reserved: 0 });
    expect(await movements()).toHaveLength(2);
  });

  it('undoes no adjustment that comes in between, and holds that race with it leave the sums right', async () => {
    await Promise.all([
      ...Array.from({ length: 10 }, (_, n) => count(20 + n, 5, undefined, n % 2 ? service : other)),
      ...Array.from({ length: 5 }, () => post(other, '/products/MUG/adjustments', { delta: 1, reason: 'found' })),
      ...Array.from({ length: 5 }, () => reserve(service, [aReservation({ sku: 'MUG', quantity: 1 })]).expect(200)),
    ]);
    const items: { kind: string; deltaOnHand: number }[] = await movements();
    const { onHand, reserved } = await levelOf(database.pool, 'MUG');
    expect(reserved).toBe(5);
    expect(items.filter(({ deltaOnHand }) => deltaOnHand === 1).length).toBeGreaterThanOrEqual(5);
    expect(items.reduce((sum, { deltaOnHand }) => sum + deltaOnHand, 0)).toBe(onHand);
  });

  it('has one effect for twins with one key, in two processes', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => count(8, 5, 'k', n % 2 ? service : other)));
    expect(answers.map(({ status, text }) => [status, text])).toEqual(Array(10).fill([200, answers[0]?.text]));
    expect(await movements()).toHaveLength(2);
  });

  it('gives a repeat after the retention its first answer, rebuilt, and refuses another request', async () => {
    const first = await count(8, 5, 'k').expect(200);
    await count(9, 8).expect(200);
    await patch(service, '/products/MUG', { name: 'Renamed' }).expect(200);
    await database.pool.query('DELETE FROM idempotency_keys');
    expect((await count(9, 5, 'k').expect(422)).body.code).toBe('idempotency-key-reused');
    const adjusted = await post(service, '/products/MUG/adjustments', { delta: 3, reason: 'count' }, { key: 'k' });
    expect(adjusted.status).toBe(422);
    for (let n = 0; n < 2; n += 1) {
      const repeat = await count(8, 5, 'k').expect(200);
      expect([repeat.text, repeat.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    }
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 9, reserved: 0 });
  });

  it.each([
    ['/counted', { counted: -1, expected: 5 }],
    ['/counted', { counted: 1.5, expected: 5 }],
    ['/counted', { counted: 2 ** 53, expected: 2 ** 53 - 1 }],
    ['/counted', { counted: 1_000_000_006, expected: 5 }],
    ['/expected', { counted: 1, expected: -1 }],
    ['/expected', { counted: 1 }],
    ['/reason', { counted: 1, expected: 5, reason: 'r' }],
  ])('refuses %s of %j', async (pointer, body) => {
    const answer = await post(service, path, body).expect(400);
    expect(answer.body).toMatchObject({ code: 'validation-failed', errors: [{ pointer }] });
  });

  it('answers 404 for a product that does not exist, and leaves the key free', async () => {
    const key = uuidv7();
    for (const sku of ['NO', 'a%20b', '%00']) {
      const answer = await post(service, `/products/${sku}/counts`, { counted: 1, expected: 5 }, { key }).expect(404);
      expect(answer.body.code).toBe('product-not-found');
    }
    await count(1, 5, key).expect(200);
  });
});
