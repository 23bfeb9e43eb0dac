import { toCursor } from '@shop/chassis/edge/page.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import request from 'supertest';
import {
  anOrder,
  asClient,
  BACKOFFICE,
  createTestSystem,
  GATEWAY_TOKEN,
  get,
  OTHER_STOREFRONT,
  post,
  refused,
  rows,
  STOREFRONT,
  type TestSystem,
  undecided,
} from '../../test/test-app.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await createTestSystem();
  atEnd(() => system.stop());
});
beforeEach(() => system.reset());

const shipment = { carrier: 'DHL', trackingNumber: 'JD01' };
const OPERATIONS = asClient('operations-1', 'operations');
async function placed(more: object = {}, as = STOREFRONT): Promise<{ id: string; number: string }> {
  return (await post(system.service, '/orders', anOrder(more), undefined, as)).body;
}
const raw = (body: string | Buffer, headers: Record<string, string> = {}) =>
  request(system.service.http)
    .post('/orders')
    .set({ ...STOREFRONT, 'Idempotency-Key': 'k', 'Content-Type': 'application/json', ...headers })
    .serialize((bytes) => bytes)
    .send(body);

describe('problems, by their code', () => {
  it.each([
    ['without a token', { 'x-consumer-custom-id': 'storefront-1', 'x-consumer-groups': 'storefront' }],
    ['with a wrong token', { ...STOREFRONT, 'x-gateway-token': 'x'.repeat(32) }],
    ['with a stripped client id', { 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-groups': 'storefront' }],
    ['with stripped groups', { 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-custom-id': 'storefront-1' }],
  ])('gateway-required: %s', async (_what, headers) => {
    const answer = await request(system.service.http).get('/orders').set(headers);
    expect([answer.status, answer.body.code]).toEqual([401, 'gateway-required']);
  });

  it('gateway-required: with a doubled client id', async () => {
    const answer = await request(system.service.http)
      .get('/orders')
      .set({ ...STOREFRONT, 'x-consumer-custom-id': ['storefront-1', 'storefront-2'] as unknown as string });
    expect([answer.status, answer.body.code]).toEqual([401, 'gateway-required']);
  });

  it.each<[string, string | Buffer, string?]>([
    ['half an object', '{"customerId":'],
    ['nothing', ''],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['Latin-1', Buffer.from(JSON.stringify(anOrder({ customerId: 'Jürgen Müßig' })), 'latin1')],
    ['UTF-16', Buffer.from(JSON.stringify(anOrder()), 'utf16le')],
    ['UTF-16 that says so', Buffer.from(JSON.stringify(anOrder()), 'utf16le'), 'application/json; charset=utf-16'],
    ['open brackets, 100,000 deep', '['.repeat(100_000)],
  ])('invalid-json: %s', async (_what, body, type = 'application/json') => {
    const answer = await raw(body, { 'Content-Type': type });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid-json']);
  });

  it('validation-failed: says where, by JSON Pointer', async () => {
    const answer = await post(system.service, '/orders', {
      ...anOrder({ lines: [{ sku: 'A', quantity: 0 }] }),
      'no/te~': 1,
    });
    expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed']);
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/lines/0/quantity', detail: expect.any(String) },
        { pointer: '/no~1te~0', detail: expect.any(String) },
      ]),
    );
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1&limit=2',
    'cursor=x',
    'cursor=',
    'status=lost',
    'number=1',
    'clientId=x',
    'customerId=',
  ])('validation-failed: GET /orders?%s from a storefront', async (query) => {
    const answer = await get(system.service, `/orders?${query}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed']);
  });

  it('validation-failed: a megabyte of empty lines costs no more than its first faults', async () => {
    const answer = await raw(`{"customerId":"a","currency":"EUR","lines":[${'{},'.repeat(300_000)}{}]}`);
    expect([answer.status, answer.body.code, answer.body.errors.length]).toEqual([400, 'validation-failed', 50]);
    expect(answer.text.length).toBeLessThan(20_000);
  });

  it('validation-failed: a name of a megabyte is not given back', async () => {
    const answer = await raw(`{"${'/'.repeat(1_000_000)}":1}`);
    expect([answer.status, answer.text.length < 2_000]).toEqual([400, true]);
  });

  it('validation-failed: a forged cursor', async () => {
    const forged = toCursor(JSON.stringify(['orders', 'storefront-1', {}]), "' OR 1");
    expect((await get(system.service, `/orders?cursor=${forged}`)).body.code).toBe('validation-failed');
  });

  it.each<Record<string, string>>([
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/jsonp' },
    { 'Content-Encoding': 'gzip' },
  ])('unsupported-media-type: %j', async (headers) => {
    const answer = await raw('{}', headers);
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported-media-type']);
  });

  it('payload-too-large: a body over 1 MiB, whatever else is wrong with it', async () => {
    const answer = await raw('x'.repeat(1024 * 1024 + 1), { 'Content-Type': 'text/plain' });
    expect([answer.status, answer.body.code]).toEqual([413, 'payload-too-large']);
  });

  it('idempotency-key-missing and -malformed: with a link to the documentation', async () => {
    for (const [key, code] of [
      ['""', 'idempotency-key-missing'],
      ['a b', 'idempotency-key-malformed'],
    ] as const) {
      const answer = await raw('not json', { 'Idempotency-Key': key });
      expect([answer.status, answer.body.code]).toEqual([400, code]);
      expect(answer.headers.link).toBe(`<https://orders.example/problems/${code}>; rel="describedby"`);
    }
  });

  it.each(['01890000-0000-7000-8000-000000000000', 'no-uuid', '1', '%00', "'--"])('order-not-found: %s', async (id) => {
    for (const answer of [
      await get(system.service, `/orders/${encodeURIComponent(id)}`),
      await get(system.service, `/orders/${encodeURIComponent(id)}/timeline`),
      await post(system.service, `/orders/${encodeURIComponent(id)}/cancellation`, {}),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([404, 'order-not-found']);
    }
  });

  it('order-not-found: an order of another client', async () => {
    const { id } = await placed();
    expect((await get(system.service, `/orders/${id}`, OTHER_STOREFRONT)).status).toBe(404);
    expect((await post(system.service, `/orders/${id}/cancellation`, {}, undefined, OTHER_STOREFRONT)).status).toBe(
      404,
    );
    for (const as of [BACKOFFICE, OPERATIONS])
      expect((await get(system.service, `/orders/${id}`, as)).status).toBe(200);
  });

  it('order-cancelled: a POST /orders repeated after its order was cancelled while pending', async () => {
    system.peer.decide = undecided;
    const first = await post(system.service, '/orders', anOrder(), 'k');
    expect(
      (await post(system.service, `/orders/${first.body.id}/cancellation`, { reason: 'changed my mind' })).body,
    ).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'changed my mind' },
    });
    const again = await post(system.service, '/orders', anOrder(), 'k');
    expect([again.status, again.body.code, again.body.orderId]).toEqual([409, 'order-cancelled', first.body.id]);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it('illegal-transition: stored and replayed, with from and to', async () => {
    const { id } = await placed();
    const first = await post(system.service, `/orders/${id}/delivery`, undefined, 'k', BACKOFFICE);
    expect([first.status, first.body.code, first.body.from, first.body.to]).toEqual([
      409,
      'illegal-transition',
      'confirmed',
      'delivered',
    ]);
    await post(system.service, `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE);
    const again = await post(system.service, `/orders/${id}/delivery`, {}, 'k', BACKOFFICE);
    expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([409, first.text, 'true']);
  });

  it('shipment-differs: with another carrier or number; the same again is 200 and unchanged', async () => {
    const { id } = await placed();
    const first = await post(system.service, `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE);
    const same = await post(system.service, `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE);
    expect([same.status, same.body]).toEqual([200, first.body]);
    const other = await post(
      system.service,
      `/orders/${id}/shipment`,
      { ...shipment, carrier: 'UPS' },
      undefined,
      BACKOFFICE,
    );
    expect([other.status, other.body.code]).toEqual([409, 'shipment-differs']);
  });

  it('overloaded: with Retry-After, before the body is understood, and nothing was done', async () => {
    const service = system.another({}, { maxExpectedWaitMs: -1 }); // full from the beginning
    for (const body of [anOrder(), { nonsense: true }]) {
      const refused = await post(service, '/orders', body, 'refused');
      expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([503, 'overloaded', '1']);
    }
    expect(await counted(service.metrics, 'batch_refused_total', { stage: 'place' })).toBe(2);
    expect(await rows(system, 'SELECT FROM orders WHERE idempotency_key = $1', ['refused'])).toEqual([]);
    expect((await post(system.service, '/orders', anOrder(), 'refused')).status).toBe(201);
  });

  it('every problem has the members of RFC 9457 and ours', async () => {
    const answer = await get(system.service, '/orders/1').set('X-Kong-Request-Id', 'a'.repeat(32));
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toEqual({
      type: 'https://orders.example/problems/order-not-found',
      title: 'Order not found',
      status: 404,
      detail: 'This client has no order with this id.',
      instance: '/orders/1',
      code: 'order-not-found',
      traceId: 'a'.repeat(32),
    });
  });
});

describe('cancelling, shipping, delivering', () => {
  it('sends one event and one command with each step, and waits for the answer', async () => {
    const { id } = await placed();
    await post(system.service, `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE);
    await post(system.service, `/orders/${id}/delivery`, undefined, undefined, BACKOFFICE);
    const cancelled = await placed();
    await post(system.service, `/orders/${cancelled.id}/cancellation`, undefined);
    const sent = await rows<{ subject_id: string; routing_key: string }>(
      system,
      'SELECT * FROM outbox_messages ORDER BY id',
    );
    const keysOf = (subject: string) =>
      sent.filter(({ subject_id }) => subject_id === subject).map(({ routing_key }) => routing_key);
    expect(keysOf(id)).toEqual([
      'order.placed.v1',
      'order.confirmed.v1',
      'order.shipped.v1',
      'reservation.fulfil.v1',
      'order.delivered.v1',
    ]);
    expect(keysOf(cancelled.id)).toEqual([
      'order.placed.v1',
      'order.confirmed.v1',
      'order.cancelled.v1',
      'reservation.release.v1',
    ]);
    expect(await rows(system, 'SELECT awaiting FROM orders WHERE id = $1', [id])).toEqual([{ awaiting: 'fulfilment' }]);
  });

  it('takes each step once, whoever asks at the same time', async () => {
    const { id } = await placed();
    const answers = await Promise.all([
      post(system.service, `/orders/${id}/cancellation`, {}),
      post(system.another(), `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE),
      post(system.service, `/orders/${id}/shipment`, shipment, undefined, BACKOFFICE),
      post(system.another(), `/orders/${id}/cancellation`, {}, undefined, BACKOFFICE),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409]);
    expect(await rows(system, 'SELECT version FROM orders')).toEqual([{ version: 3 }]);
  });

  it('twins of one key in two processes: the second waits and replays', async () => {
    const { id } = await placed();
    const [a, b] = await Promise.all(
      [system.service, system.another()].map((service) =>
        post(service, `/orders/${id}/cancellation`, { reason: 'twice' }, 'k'),
      ),
    );
    expect([a?.status, b?.status, a?.text === b?.text]).toEqual([200, 200, true]);
    expect([a, b].filter((answer) => answer?.headers['idempotent-replayed'])).toHaveLength(1);
  });

  it('keeps texts of any script as they were sent', async () => {
    const [shipped, cancelled] = [await placed({ customerId: '山田 太郎 👑' }), await placed()];
    const parcel = { carrier: 'Почта России 🇷🇺', trackingNumber: 'RA 123 456 789 RU — 1/2' };
    const reason = 'می‌خواهم لغو کنم';
    await post(system.service, `/orders/${shipped.id}/shipment`, parcel, undefined, BACKOFFICE);
    await post(system.service, `/orders/${cancelled.id}/cancellation`, { reason });
    const read = async ({ id }: { id: string }) => (await get(system.service, `/orders/${id}`)).body;
    expect(await read(shipped)).toMatchObject({ customerId: '山田 太郎 👑', shipment: parcel });
    expect(await read(cancelled)).toMatchObject({ cancellation: { reason } });
  });

  it('no body equals {}, and the same key with a reason is another request', async () => {
    const { id } = await placed();
    const first = await post(system.service, `/orders/${id}/cancellation`, undefined, 'k');
    const again = await post(system.service, `/orders/${id}/cancellation`, {}, 'k');
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect((await post(system.service, `/orders/${id}/cancellation`, { reason: 'x' }, 'k')).status).toBe(422);
  });
});

describe('GET /orders', () => {
  it('pages through the client’s own orders, newest first, each exactly once', async () => {
    const mine = [];
    for (let n = 0; n < 5; n += 1) mine.unshift((await placed()).id);
    await placed({}, OTHER_STOREFRONT);
    const seen: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await get(system.service, `/orders?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...body.items.map((order: { id: string }) => order.id));
      cursor = body.nextCursor;
    }
    expect(seen).toEqual(mine);
  });

  it('filters by status, customer and number; back office also by client', async () => {
    system.peer.decide = refused;
    await placed({ customerId: 'a' });
    system.peer.decide = () => ({ state: 'held' });
    const order = await placed({ customerId: 'b' });
    const other = await placed({ customerId: 'b' }, OTHER_STOREFRONT);
    const count = async (query: string, as = STOREFRONT) =>
      (await get(system.service, `/orders?${query}`, as)).body.items.length;
    expect(await count('status=rejected')).toBe(1);
    expect(await count('status=confirmed&customerId=b')).toBe(1);
    expect(await count('customerId=b', BACKOFFICE)).toBe(2);
    expect(await count(`number=${order.number}`)).toBe(1);
    expect(await count(`number=${other.number}`)).toBe(0);
    expect(await count(`number=${other.number}`, BACKOFFICE)).toBe(1);
    expect(await count('clientId=storefront-2', BACKOFFICE)).toBe(1);
  });

  it('filters by SKU, alone and with the other filters, within what the caller sees', async () => {
    const of = (...skus: string[]) => ({ lines: skus.map((sku) => ({ sku, quantity: 1 })) });
    system.peer.decide = refused;
    await placed({ ...of('MUG', 'CUP'), customerId: 'a' });
    const [rejected] = (await get(system.service, '/orders')).body.items;
    system.peer.decide = () => ({ state: 'held' });
    const mine = await placed({ ...of('JAR', 'MUG'), customerId: 'b' });
    const other = await placed({ ...of('MUG'), customerId: 'b' }, OTHER_STOREFRONT);
    await placed({ ...of('CUP', 'MUG-2'), customerId: 'b' });
    system.peer.decide = undecided;
    const waiting = await placed({ ...of('MUG'), customerId: 'a' });
    const list = async (query: string, as = STOREFRONT) =>
      (await get(system.service, `/orders?${query}`, as).expect(200)).body.items.map(({ id }: { id: string }) => id);
    expect(await list('sku=MUG', BACKOFFICE)).toEqual([waiting.id, other.id, mine.id, rejected.id]);
    expect(await list('sku=MUG')).toEqual([waiting.id, mine.id, rejected.id]);
    expect(await list('sku=MUG', OTHER_STOREFRONT)).toEqual([other.id]);
    expect(await list('sku=MUG&clientId=storefront-2', OPERATIONS)).toEqual([other.id]);
    expect(await list('sku=MUG&status=rejected')).toEqual([rejected.id]);
    expect(await list('sku=MUG&status=pending')).toEqual([waiting.id]);
    expect(await list('sku=CUP&status=pending')).toEqual([]);
    expect(await list('sku=MUG&customerId=b', BACKOFFICE)).toEqual([other.id, mine.id]);
    expect(await list('sku=MUG&customerId=b&status=confirmed')).toEqual([mine.id]);
    expect(await list(`sku=MUG&number=${mine.number}`)).toEqual([mine.id]);
    expect(await list(`sku=CUP&number=${mine.number}`)).toEqual([]);
    for (const none of ['mug', 'MU', 'MUG-', 'NONE']) expect(await list(`sku=${none}`, BACKOFFICE)).toEqual([]);
  });

  it.each([
    ['sku=', '/sku'],
    ['sku=A%2FB', '/sku'],
    ['sku=A%26B', '/sku'],
    ['sku=A&B', '/B'],
    ['sku=M%C3%9CG', '/sku'],
    ['sku=%F0%9F%8E%81', '/sku'],
    ['sku=%00', '/sku'],
    ['sku=%FF', '/sku'],
    ['sku=MUG%0A', '/sku'],
    ['sku=%25', '/sku'],
    ['sku=..', '/sku'],
    ["sku='%20OR%20true--", '/sku'],
    [`sku=${'A'.repeat(65)}`, '/sku'],
    ['sku=A&sku=B', '/sku'],
    ['sku[]=A', '/sku[]'],
    ['sku[a]=A', '/sku[a]'],
    ['SKU=A', '/SKU'],
  ])('refuses %s as a SKU', async (query, pointer) => {
    const answer = await get(system.service, `/orders?${query}`, BACKOFFICE);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'validation-failed', errors: [{ pointer }] }]);
  });

  it('pages through the orders of a SKU, each exactly once, however many prices it has in one', async () => {
    const priced = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ sku: 'MUG', quantity: 1, unitPrice: n }));
    const mine: string[] = [];
    for (const count of [1, 2, 1_000, 999, 1, 3]) mine.unshift((await placed({ lines: priced(count) })).id);
    for (const [query, pages] of [
      ['limit=1', 6],
      ['limit=4', 3],
      // 1,000 lines of the SKU, then 1,003.
      ['limit=100', 3],
      ['status=confirmed', 3],
    ]) {
      const seen: string[][] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const { body } = await get(system.service, `/orders?sku=MUG&${query}${cursor && `&cursor=${cursor}`}`);
        seen.push(body.items.map((order: { id: string }) => order.id));
        cursor = body.nextCursor;
      }
      expect([query, seen.flat(), seen.length]).toEqual([query, mine, pages]);
    }
  });

  it('does not take the cursor of one SKU for another', async () => {
    for (let n = 0; n < 2; n += 1) await placed({ lines: [{ sku: 'MUG', quantity: 1 }] });
    const { body } = await get(system.service, '/orders?sku=MUG&limit=1');
    const answer = await get(system.service, `/orders?sku=CUP&limit=1&cursor=${body.nextCursor}`);
    expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed']);
  });

  it('reads a bounded number of rows for a status: an empty page may have a next one', async () => {
    await rows(
      system,
      `INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, rejection, idempotency_key, fingerprint, created_at, updated_at)
       SELECT gen_random_uuid(), 'storefront-1', 'c', 'EUR', CASE n WHEN 1500 THEN 'rejected' ELSE 'confirmed' END,
              CASE n WHEN 1500 THEN 'rejected' ELSE 'confirmed' END, CASE n WHEN 1500 THEN '{"lines": []}'::jsonb END, 'k' || n, '', now(), now()
       FROM generate_series(1, 1500) AS n`,
    );
    await rows(system, "INSERT INTO order_lines SELECT id, 0, 'A', 1 FROM orders");
    const found: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined = ''; cursor !== undefined; pages += 1) {
      const { body } = await get(system.service, `/orders?status=rejected${cursor && `&cursor=${cursor}`}`);
      found.push(...body.items.map((order: { id: string }) => order.id));
      cursor = body.nextCursor;
    }
    expect([found.length, pages]).toEqual([1, 2]);
  });

  it('ends a page at 2,000 lines, and goes on behind it: each order once, whole', async () => {
    const sizes = [999, 1_000, 1, 1, 1_000, 500, 1];
    const lines = (count: number) => Array.from({ length: count }, (_, n) => ({ sku: `SKU-${n}`, quantity: 1 }));
    for (const size of sizes) await placed({ lines: lines(size) });
    const pages: number[][] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await get(system.service, `/orders?limit=4${cursor && `&cursor=${cursor}`}`);
      pages.push(body.items.map((order: { lines: object[] }) => order.lines.length));
      cursor = body.nextCursor;
    }
    expect(pages).toEqual([
      [1, 500, 1_000, 1],
      [1, 1_000, 999],
    ]);
    const { body } = await get(system.service, '/orders?limit=100&status=confirmed');
    expect([body.items.length, typeof body.nextCursor]).toEqual([5, 'string']);
  });

  it('reads no more lines than a page has, however many orders it is asked for', async () => {
    await rows(
      system,
      `INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, idempotency_key, fingerprint, created_at, updated_at)
       SELECT gen_random_uuid(), 'storefront-1', 'c', 'EUR', 'confirmed', 'confirmed', 'k' || n, '', now(), now()
       FROM generate_series(1, 100) AS n`,
    );
    await rows(
      system,
      "INSERT INTO order_lines SELECT id, n, 'SKU-' || n, 1 FROM orders, generate_series(0, 999) AS n",
    );
    const readers = await Promise.all(
      Array.from({ length: 4 }, () => get(system.service, '/orders?limit=100').expect(200)),
    );
    for (const { body } of readers) expect(body.items).toHaveLength(2);
  });

  it('lists pending orders', async () => {
    system.peer.decide = undecided;
    const { id } = await placed();
    expect((await get(system.service, '/orders?status=pending')).body.items).toMatchObject([{ id }]);
  });
});

describe('health', () => {
  it('is ok with both parts, and needs the token at the gateway’s path only', async () => {
    const answer = await request(system.service.http).get('/health/orders').set('x-gateway-token', GATEWAY_TOKEN);
    expect([answer.status, answer.body]).toEqual([
      200,
      { status: 'ok', checks: { database: true, broker: true }, version: 'test' },
    ]);
    expect((await request(system.service.http).get('/health/orders')).status).toBe(401);
    for (const path of ['/health/live', '/health/ready'])
      expect((await request(system.service.http).get(path)).status).toBe(200);
  });

  it('measures', async () => {
    const { id } = await placed();
    await post(system.service, `/orders/${id}/cancellation`, {});
    const { text } = await request(system.service.http).get('/metrics');
    const sample = (name: string, labels: string) =>
      text.split('\n').find((line) => line.startsWith(name) && line.includes(labels));
    expect(sample('http_request_duration_seconds_count', 'route="/orders",method="POST",status="201"')).toMatch(/ 1$/);
    expect(sample('orders_total', 'outcome="confirmed"')).toMatch(/ 1$/);
    expect(sample('orders_total', 'outcome="cancelled"')).toMatch(/ 1$/);
    expect(sample('idempotency_requests_total', 'result="executed"')).toMatch(/ 2$/);
  });
});
