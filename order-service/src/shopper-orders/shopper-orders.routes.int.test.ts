import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { ACCOUNT_TOKEN, createOrderDatabase, type OrderService, startOrderService } from '../../test/test-app.ts';

let database: TestDatabase;
let service: OrderService;
beforeAll(async () => {
  database = await createOrderDatabase();
  atEnd(() => database.drop());
  service = startOrderService(database, 'http://127.0.0.1:1');
  atEnd(() => service.stop());
});
beforeEach(() => database.truncate());

/** An order as it is in the database; returns its id. */
async function insert(clientId = 'web', lines = 1): Promise<string> {
  const id = uuidv7();
  await database.pool.query(
    `INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, version, idempotency_key, fingerprint,
       created_at, updated_at)
     VALUES ($1, $2, $3, 'EUR', 'confirmed', 'confirmed', 2, $4, '\\x00', now(), now())`,
    [id, clientId, uuidv7(), id],
  );
  await database.pool.query(
    `INSERT INTO order_lines (order_id, position, sku, quantity, unit_price)
     SELECT $1, n, 'MUG', 1, 900 FROM generate_series(0, $2::integer - 1) AS n`,
    [id, lines],
  );
  return id;
}
const auth = { authorization: `Bearer ${ACCOUNT_TOKEN}` };
const get = (path: string) => request(service.http).get(path).set(auth);
const post = (path: string, body: object) => request(service.http).post(path).set(auth).send(body);
const idsOf = ({ body }: { body: { items: { id: string }[] } }) => body.items.map(({ id }) => id);

it.each(['/shopper-orders', '/shopper-orders/digests', '/shopper-orders/none'])(
  'refuses GET %s without the token of account-service',
  async (path) => {
    const answer = await request(service.http)
      .get(path)
      .set('authorization', `Bearer ${'x'.repeat(32)}`);
    expect([answer.status, answer.body.code]).toEqual([401, 'internal-token-required']);
  },
);

describe('POST /orders/lookup', () => {
  it('answers with the orders of shoppers, as clients see them, without those of machines', async () => {
    const [mine, machine] = [await insert(), await insert('shop')];
    const answer = await post('/orders/lookup', { ids: [mine, machine, uuidv7(), mine] });
    expect(answer.status).toBe(200);
    expect(answer.body.items).toMatchObject([{ id: mine, clientId: 'web', status: 'confirmed', version: 2 }]);
  });

  it('is limited to 20,000 lines, and says where to go on', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 21; n += 1) ids.push(await insert('web', 1_000));
    const { body } = await post('/orders/lookup', { ids: ids.toReversed() });
    expect([body.items.length, body.next]).toEqual([20, ids[19]]);
  });

  it.each([{}, { ids: [] }, { ids: ['x'] }, { ids: Array(501).fill('0195f0a0-0000-7000-8000-000000000001') }])(
    'refuses %#',
    async (body) => {
      expect((await post('/orders/lookup', body)).body.code).toBe('validation-failed');
    },
  );
});

describe('GET /shopper-orders', () => {
  it('lists all orders of shoppers, oldest first, page by page', async () => {
    const ids = [await insert(), await insert(), await insert()];
    await insert('shop');
    await insert('x');
    const first = await get('/shopper-orders?limit=2');
    expect([idsOf(first), first.body.next]).toEqual([ids.slice(0, 2), ids[1]]);
    const rest = await get(`/shopper-orders?limit=2&after=${first.body.next}`);
    expect([idsOf(rest), rest.body.next]).toEqual([ids.slice(2), undefined]);
  });

  it('ends a page at 20,000 lines', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 21; n += 1) ids.push(await insert('web', 1_000));
    const first = await get('/shopper-orders');
    expect([first.body.items.length, first.body.next]).toEqual([20, ids[19]]);
    expect(idsOf(await get(`/shopper-orders?after=${first.body.next}`))).toEqual(ids.slice(20));
  });
});

describe('digests', () => {
  const digests = async () => (await get('/shopper-orders/digests')).body.digests as string[];
  const bucketOf = (id: string) => Number.parseInt(id.slice(-2), 16);

  it('differ in the bucket of each order that has changed, and in no other', async () => {
    const ids = [await insert(), await insert()];
    const before = await digests();
    expect(before).toHaveLength(256);
    expect(before.reduce((sum, digest) => sum + Number.parseInt(digest, 10), 0)).toBe(2);
    await database.pool.query(`UPDATE orders SET version = 3 WHERE id = $1`, [ids[0]]);
    await insert('shop');
    const after = await digests();
    const differing = after.flatMap((digest, bucket) => (digest === before[bucket] ? [] : [bucket]));
    expect(differing).toEqual([bucketOf(ids[0] as string)]);
  });

  it('have the states of the orders in chosen buckets', async () => {
    const ids = [await insert(), await insert(), await insert()];
    const chosen = bucketOf(ids[1] as string);
    const { body } = await post('/shopper-orders/states', { buckets: [chosen] });
    expect(body.items).toEqual(
      ids.filter((id) => bucketOf(id) === chosen).map((id) => ({ id, version: 2, status: 'confirmed' })),
    );
    expect(body.next).toBeUndefined();
  });
});
