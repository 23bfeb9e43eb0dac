import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
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
  startInventoryService,
  startOnOwnDatabase,
  stock,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(async () => {
  await database.truncate();
  await stock(service, 'MUG', 0);
});
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

const path = '/products/MUG/adjustments';
const adjust = (delta: number, key?: string) => post(service, path, { delta, reason: 'count' }, { key });

describe('POST /products/{sku}/adjustments', () => {
  it('changes what is on hand and answers with the product', async () => {
    const { body } = await adjust(7).expect(200);
    expect(body).toMatchObject({ sku: 'MUG', name: 'A MUG', onHand: 7, reserved: 0, available: 7 });
    await get(service, '/products/MUG').expect(200, body);
  });

  it('tells the world', async () => {
    await adjust(7).expect(200);
    const [message] = await outbox(database.pool);
    expect(message).toMatchObject({
      type: 'stock.adjusted',
      payload: { sku: 'MUG', delta: 7, onHand: 7, reserved: 0, reason: 'count' },
    });
  });

  it('tells of a depletion once', async () => {
    await adjust(2).expect(200);
    await adjust(-2).expect(200);
    await adjust(-1).expect(409);
    const messages = await outbox(database.pool);
    expect(messages.map(({ type }) => type)).toEqual(['stock.adjusted', 'stock.adjusted', 'stock.depleted']);
  });

  it('refuses to take reserved units away, and gives a repeat the same refusal', async () => {
    await adjust(5).expect(200);
    await reserve(service, [aReservation({ sku: 'MUG', quantity: 3 })]).expect(200);
    const first = await adjust(-3, 'k').expect(409);
    expect(first.body).toMatchObject({ code: 'insufficient-stock', sku: 'MUG', requested: 3, available: 2 });
    await adjust(10).expect(200);
    const repeat = await adjust(-3, 'k').expect(409);
    expect(repeat.text).toBe(first.text);
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 15, reserved: 3 });
  });

  it('has one effect for twins with one key, in two processes', async () => {
    const otherPool = patientPool(database.url, 5);
    atEnd(() => otherPool.end());
    const other = startInventoryService(otherPool);
    atEnd(() => other.stop());
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        post(index % 2 ? service : other, path, { delta: 4, reason: 'r' }, { key: 'k' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 4, reserved: 0 });
  });

  it('gives a repeat after the retention its first answer, rebuilt, and refuses another request', async () => {
    const first = await adjust(4, 'k').expect(200);
    await adjust(5).expect(200);
    await patch(service, '/products/MUG', { name: 'Renamed' }).expect(200);
    await database.pool.query('DELETE FROM idempotency_keys');
    for (const delta of [5, 4, 4]) {
      const repeat = await adjust(delta, 'k');
      if (delta === 5) expect([repeat.status, repeat.body.code]).toEqual([422, 'idempotency-key-reused']);
      else expect([repeat.text, repeat.headers['idempotent-replayed']]).toEqual([first.text, 'true']);
    }
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 9, reserved: 0 });
  });

  it('loses nothing when many adjust at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => adjust(index + 1).expect(200)));
    expect(await levelOf(database.pool, 'MUG')).toEqual({ onHand: 210, reserved: 0 });
  });

  it('refuses to go beyond what JSON carries safely', async () => {
    await database.pool.query(`
      WITH m AS (
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        VALUES ('MUG', 'adjusted', 9007199254740990, 0, gen_random_uuid(), 'test'))
      UPDATE stock_levels SET on_hand = 9007199254740990`);
    const { body } = await adjust(2).expect(400);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer: '/delta' }] });
    expect((await adjust(1).expect(200)).body.onHand).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([0, 1.5, '1', 1_000_000_001, -1_000_000_001, null])('refuses the delta %p', async (delta) => {
    const { body } = await post(service, path, { delta, reason: 'r' }).expect(400);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ pointer: '/delta' }] });
  });

  it('answers 404 for a product that does not exist, and leaves the key free', async () => {
    const body = { delta: 1, reason: 'r' };
    for (const sku of ['NO', 'a%20b', '%00']) {
      const answer = await post(service, `/products/${sku}/adjustments`, body, { key: 'k' }).expect(404);
      expect(answer.body.code).toBe('product-not-found');
    }
    await adjust(1, 'k').expect(200);
  });
});

describe('GET /products/{sku}/movements', () => {
  it('tells what happened, newest first, page by page', async () => {
    await adjust(5).expect(200);
    const held = aReservation({ sku: 'MUG', quantity: 3 });
    await reserve(service, [held]).expect(200);
    await adjust(-1).expect(200);
    const first = await get(service, '/products/MUG/movements?limit=2').expect(200);
    const second = await get(service, `/products/MUG/movements?limit=2&cursor=${first.body.nextCursor}`).expect(200);
    expect([...first.body.items, ...second.body.items]).toMatchObject([
      { kind: 'adjusted', deltaOnHand: -1, deltaReserved: 0, actor: 'backoffice-1' },
      { kind: 'held', deltaOnHand: 0, deltaReserved: 3, actor: 'order-service', causeId: held.id },
      { kind: 'adjusted', deltaOnHand: 5, deltaReserved: 0, actor: 'backoffice-1' },
    ]);
    expect(second.body.nextCursor).toBeUndefined();
  });

  it('refuses the cursor of another list, and answers 404 for an unknown product', async () => {
    await stock(service, 'CUP', 1);
    await adjust(1).expect(200);
    await adjust(1).expect(200);
    const { body } = await get(service, '/products/MUG/movements?limit=1').expect(200);
    await get(service, `/products/CUP/movements?cursor=${body.nextCursor}`).expect(400);
    await get(service, '/products/NO/movements').expect(404);
  });
});
