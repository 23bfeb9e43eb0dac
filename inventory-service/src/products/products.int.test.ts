import { toCursor } from '@shop/chassis/edge/page.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import request from 'supertest';
import {
  aReservation,
  asClient,
  BACKOFFICE,
  findMismatches,
  get,
  type InventoryService,
  patch,
  post,
  reserve,
  startOnOwnDatabase,
  stock,
} from '../../test/test-app.ts';

let database: TestDatabase;
let service: InventoryService;
beforeAll(async () => {
  ({ database, service } = await startOnOwnDatabase());
});
beforeEach(() => database.truncate());
afterEach(async () => expect(await findMismatches(database.pool)).toEqual([]));

const mug = { sku: 'MUG', name: 'A mug' };
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('POST /products', () => {
  it('makes a product without stock', async () => {
    const answer = await post(service, '/products', mug).expect(201);
    expect(answer.headers).toMatchObject({
      location: '/products/MUG',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.body).toEqual({ ...mug, onHand: 0, reserved: 0, available: 0, createdAt: time, updatedAt: time });
  });

  it('gives a repeat the first answer, with its Location', async () => {
    const first = await post(service, '/products', mug, { key: 'k' }).expect(201);
    await patch(service, '/products/MUG', { name: 'Renamed' }).expect(200);
    const repeat = await post(service, '/products', { name: 'A mug', sku: 'MUG' }, { key: 'k' }).expect(201);
    expect(repeat.text).toBe(first.text);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(repeat.headers).toMatchObject({ location: '/products/MUG', 'idempotent-replayed': 'true' });
  });

  it('refuses a second product with the SKU, and gives a repeat the same refusal', async () => {
    await post(service, '/products', mug).expect(201);
    const first = await post(service, '/products', { ...mug, name: 'Other' }, { key: 'k' }).expect(409);
    expect(first.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(first.body).toMatchObject({ code: 'product-exists', status: 409, instance: '/products', sku: 'MUG' });
    const repeat = await post(service, '/products', { ...mug, name: 'Other' }, { key: 'k' }).expect(409);
    expect(repeat.text).toBe(first.text);
    expect(repeat.headers['idempotent-replayed']).toBe('true');
  });

  it('executes once for twins with one key', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(service, '/products', mug, { key: 'k' })));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('makes one product for many keys at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(service, '/products', mug)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
  });

  it('refuses the key for another request, another target or another method', async () => {
    await post(service, '/products', mug, { key: 'k' }).expect(201);
    const others = await Promise.all([
      post(service, '/products', { ...mug, name: 'Other' }, { key: 'k' }),
      post(service, '/products/MUG/adjustments', { delta: 1, reason: 'r' }, { key: 'k' }),
      patch(service, '/products/MUG', { name: 'A mug' }, { key: 'k' }),
    ]);
    for (const { status, body } of others) expect([status, body.code]).toEqual([422, 'idempotency-key-reused']);
    await post(service, '/products', mug, { key: 'k', as: asClient('other-client') }).expect(409);
  });

  it.each([
    ['no members', {}, ['/sku', '/name']],
    ['an unknown member', { ...mug, price: 1 }, ['/price']],
    ['a bad SKU', { ...mug, sku: 'a b' }, ['/sku']],
    ['a long SKU', { ...mug, sku: 'x'.repeat(65) }, ['/sku']],
    ['an empty name', { ...mug, name: '' }, ['/name']],
    ['a long name', { ...mug, name: 'x'.repeat(201) }, ['/name']],
    ['a NUL', { ...mug, name: 'a\u0000b' }, ['/name']],
    ['half a surrogate pair', { ...mug, name: 'a\ud800' }, ['/name']],
    ['a list', [mug], ['']],
  ])('refuses %s and leaves the key free', async (_what, body, pointers) => {
    const answer = await post(service, '/products', body, { key: 'k' }).expect(400);
    expect(answer.body.code).toBe('validation-failed');
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
    await post(service, '/products', mug, { key: 'k' }).expect(201);
  });

  it('checks in the order of the contract: 401, 413, 415, key, JSON', async () => {
    const send = (headers: object, body: string) =>
      request(service.http)
        .post('/products')
        .set(headers as Record<string, string>)
        .send(body);
    const long = 'x'.repeat(1024 * 1024 + 1);
    const json = { 'content-type': 'application/json' };
    const expectations: [object, string, number, string][] = [
      [{ 'content-type': 'text/plain' }, long, 401, 'gateway-required'],
      [{ ...BACKOFFICE, 'x-consumer-groups': '', ...json }, '{', 401, 'gateway-required'],
      [{ ...BACKOFFICE, 'content-type': 'text/plain' }, long, 413, 'payload-too-large'],
      [{ ...BACKOFFICE, 'content-type': 'text/plain' }, '{', 415, 'unsupported-media-type'],
      [{ ...BACKOFFICE, ...json }, '{', 400, 'idempotency-key-missing'],
      [{ ...BACKOFFICE, ...json, 'idempotency-key': 'a b' }, '{', 400, 'idempotency-key-malformed'],
      [{ ...BACKOFFICE, ...json, 'idempotency-key': 'k' }, '{', 400, 'invalid-json'],
    ];
    for (const [headers, body, status, code] of expectations) {
      const answer = await send(headers, body);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    }
  });
});

describe('PATCH /products/{sku}', () => {
  it('renames', async () => {
    const { body: before } = await post(service, '/products', mug).expect(201);
    const { body: after } = await patch(service, '/products/MUG', { name: 'Cup' }).expect(200);
    expect(after).toEqual({ ...before, name: 'Cup', updatedAt: time });
    expect(after.updatedAt > before.updatedAt).toBe(true);
    await get(service, '/products/MUG').expect(200, after);
  });

  it.each(['/products/NO', '/products/a%00b', '/products/%20', `/products/${'x'.repeat(65)}`])(
    'answers 404 for %s and leaves the key free',
    async (path) => {
      const answer = await patch(service, path, { name: 'Cup' }, { key: 'k' }).expect(404);
      expect(answer.body.code).toBe('product-not-found');
      await post(service, '/products', mug, { key: 'k' }).expect(201);
    },
  );

  it('looks at the body before the product', async () => {
    await patch(service, '/products/NO', { name: '' }).expect(400);
  });
});

describe('GET /products', () => {
  it('lists by SKU in byte order, page by page', async () => {
    const skus = ['b', 'B', '_', '10', '9', 'a', '..a', 'a.b', 'a-b'];
    for (const sku of skus) await post(service, '/products', { sku, name: sku }).expect(201);
    const seen: string[] = [];
    let path = '/products?limit=2';
    for (let pages = 0; path && pages < 10; pages += 1) {
      const { body } = await get(service, path).expect(200);
      seen.push(...body.items.map(({ sku }: { sku: string }) => sku));
      path = body.nextCursor && `/products?limit=2&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual(skus.toSorted());
  });

  it('filters by SKU', async () => {
    await stock(service, 'MUG', 5);
    await stock(service, 'CUP', 0);
    const { body } = await get(service, '/products?sku=MUG').expect(200);
    expect(body).toEqual({ items: [expect.objectContaining({ sku: 'MUG', onHand: 5, available: 5 })] });
    await get(service, '/products?sku=NO').expect(200, { items: [] });
  });

  it('lists the fewest available units first, page by page', async () => {
    for (const [sku, onHand] of Object.entries({ e: 2, d: 30, c: 0, b: 30, a: 0, g: 5 }))
      await stock(service, sku, onHand);
    await reserve(service, [aReservation({ sku: 'g', quantity: 5 })]).expect(200);
    const seen: [string, number][] = [];
    let path = '/products?sort=available&limit=2';
    for (let pages = 0; path && pages < 10; pages += 1) {
      const { body } = await get(service, path).expect(200);
      seen.push(...body.items.map(({ sku, available }: { sku: string; available: number }) => [sku, available]));
      path = body.nextCursor && `/products?sort=available&limit=2&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual([
      ['a', 0],
      ['c', 0],
      ['g', 0],
      ['e', 2],
      ['b', 30],
      ['d', 30],
    ]);
    const { body } = await get(service, '/products?sort=available&sku=e').expect(200);
    expect(body).toEqual({ items: [expect.objectContaining({ sku: 'e', available: 2 })] });
  });

  it('sorts for no storefront, which could make the database sort at the rate of its traffic', async () => {
    for (const [group, status] of [
      ['storefront', 400],
      ['operations', 200],
      ['storefront, backoffice', 200],
    ] as const) {
      await get(service, '/products?sort=available', asClient('c', group)).expect(status);
    }
  });

  it('refuses bad parameters and cursors that it did not give', async () => {
    await post(service, '/products', mug).expect(201);
    await post(service, '/products', { ...mug, sku: 'CUP' }).expect(201);
    const { body } = await get(service, '/products?limit=1').expect(200);
    const forged = Buffer.from('0123456789abMUG').toString('base64url');
    const forgedByUnits = toCursor('products by available sku=', '1 \0');
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=1&limit=2',
      'cursor=',
      'cursor=x',
      `cursor=${forged}`,
      `cursor=${body.nextCursor}&sku=MUG`,
      'sku=a%20b',
      'skus=MUG',
      'sort=sku',
      `sort=available&cursor=${body.nextCursor}`,
      `sort=available&cursor=${forgedByUnits}`,
    ]) {
      const answer = await get(service, `/products?${query}`);
      expect([query, answer.status, answer.body.code]).toEqual([query, 400, 'validation-failed']);
    }
  });

  it('answers 404 for a product that does not exist', async () => {
    for (const path of ['/products/NO', '/products/a%20b', '/products/%00']) {
      expect((await get(service, path).expect(404)).body.code).toBe('product-not-found');
    }
  });

  it('answers HEAD, and nothing that did not come through the gateway', async () => {
    await request(service.http).head('/products').set(BACKOFFICE).expect(200);
    const answer = await request(service.http).get('/products').expect(401);
    expect(answer.body.code).toBe('gateway-required');
  });
});

describe('GET /health/inventory', () => {
  it('tells whether database and broker are there', async () => {
    const checks = { database: true, broker: true };
    await get(service, '/health/inventory').expect(200, { status: 'ok', checks, version: 'test' });
  });
});
