import { pathTo } from './call.ts';
import { createClient } from './client.ts';
import { isRefusal, NoAnswerError, RefusedError, type ShopError } from './errors.ts';
import { type Step, scriptedFetch } from './scripted-fetch.ts';
import type { ClientSettings } from './settings.ts';
import type { NewOrder } from './types.ts';

const order: NewOrder = { customerId: 'ada', currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1 }] };
const confirmed: Step = { status: 201, body: { id: 'o', status: 'confirmed' } };
const pending: Step = { status: 202, body: { id: 'o', status: 'pending' } };
const lost = new TypeError('fetch failed', { cause: new Error('connection reset') });

function clientWith(steps: Step[], settings: Partial<ClientSettings> = {}) {
  const { fetch, sent } = scriptedFetch(...steps);
  return { client: createClient({ baseUrl: 'http://shop.test/api/', apiKey: 'secret', fetch, ...settings }), sent };
}

async function failureOf(call: Promise<unknown>): Promise<ShopError> {
  return call.then(
    () => {
      throw new Error('it succeeded');
    },
    (error) => error,
  );
}

describe('a write', () => {
  it('is repeated with the same key and the same bytes until its answer is final', async () => {
    const { client, sent } = clientWith([
      lost,
      { status: 502 },
      { status: 409, body: { code: 'request-in-progress' } },
      confirmed,
    ]);
    expect(await client.orders.place(order)).toEqual({ id: 'o', status: 'confirmed' });
    expect(sent).toHaveLength(4);
    expect(new Set(sent.map((request) => JSON.stringify(request))).size).toBe(1);
    expect(sent[0]).toMatchObject({
      method: 'POST',
      url: 'http://shop.test/api/orders',
      key: expect.stringMatching(/^[0-9a-f]{32}$/),
      apiKey: 'secret',
      body: JSON.stringify(order),
    });
  });

  it('has a key of its own in each call, or the one that it is given', async () => {
    const { client, sent } = clientWith([confirmed]);
    await client.orders.place(order);
    await client.orders.place(order);
    await client.orders.place(order, { key: 'cart-1' });
    expect(new Set(sent.map(({ key }) => key)).size).toBe(3);
    expect(sent[2]?.key).toBe('cart-1');
  });

  it('takes the API key of the moment', async () => {
    const keys = ['old', 'new'];
    const { client, sent } = clientWith([lost, confirmed], { apiKey: async () => keys.shift() ?? '' });
    await client.orders.place(order);
    expect(sent.map(({ apiKey }) => apiKey)).toEqual(['old', 'new']);
  });

  it('is repeated when a request takes too long', async () => {
    const { client, sent } = clientWith(['never', confirmed], { attemptTimeoutMs: 20 });
    expect((await client.orders.place(order)).id).toBe('o');
    expect(sent).toHaveLength(2);
  });

  it('is not sent at all with a key that no header can carry', async () => {
    const { client, sent } = clientWith([confirmed]);
    await expect(client.orders.place(order, { key: 'a\nb' })).rejects.toThrow('invalid');
    expect(sent).toEqual([]);
  });
});

describe('a 202', () => {
  it('is asked again with the same key until the order is at its end', async () => {
    const { client, sent } = clientWith([pending, pending, confirmed]);
    expect((await client.orders.place(order)).status).toBe('confirmed');
    expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  });

  it('is given as it is to who does not wait', async () => {
    const { client, sent } = clientWith([pending]);
    expect((await client.orders.place(order, { wait: false })).status).toBe('pending');
    expect(sent).toHaveLength(1);
  });

  it('that stays one becomes an error with the order', async () => {
    const { client } = clientWith([pending, lost]);
    const error = await failureOf(client.orders.place(order, { deadlineMs: 300, key: 'k' }));
    expect(error).toBeInstanceOf(NoAnswerError);
    expect(error).toMatchObject({ outcome: 'pending', order: { id: 'o' }, key: 'k' });
  });

  it('is the end of other writes', async () => {
    const { client, sent } = clientWith([{ status: 202, body: { replayed: 3 } }]);
    expect(await client.operations('orders').replayGroup({ group: 'g' })).toEqual({ replayed: 3 });
    expect(sent).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('is not repeated, and has the members of its problem', async () => {
    const lines = [{ sku: 'MUG', requested: 1, available: 0, reason: 'insufficient-stock' }];
    const problem = { title: 'Not enough stock', code: 'order-rejected', detail: 'None left.', lines };
    const { client, sent } = clientWith([{ status: 409, body: problem }]);
    const error = await failureOf(client.orders.place(order));
    expect(sent).toHaveLength(1);
    expect(error).toMatchObject({ outcome: 'refused', status: 409, message: '409 order-rejected: None left.' });
    expect(isRefusal(error, 'order-rejected') && error.problem.lines[0]?.available).toBe(0);
    expect(isRefusal(error, 'order-cancelled')).toBe(false);
  });

  it.each([
    [[lost, { status: 401 }], 'unknown'],
    [[lost, { status: 409, body: { code: 'order-rejected' } }], 'refused'],
    [[{ status: 429 }, { status: 401 }], 'refused'],
  ] satisfies [Step[], string][])('after %j leaves the outcome %s', async (steps, outcome) => {
    const { client } = clientWith(steps);
    const error = await failureOf(client.orders.place(order));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.outcome).toBe(outcome);
  });
});

describe('a call without a final answer', () => {
  it.each([
    [lost, 'unknown'],
    [{ status: 503, body: { code: 'unavailable' } }, 'unknown'],
    [{ status: 503, body: { code: 'overloaded' } }, 'not-done'],
    [{ status: 429 }, 'not-done'],
  ] satisfies [Step, string][])('ends at its deadline; after %j the outcome is %s', async (step, outcome) => {
    const { client, sent } = clientWith([step], { deadlineMs: 200 });
    const start = performance.now();
    const error = await failureOf(client.orders.place(order));
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(error).toBeInstanceOf(NoAnswerError);
    expect(error).toMatchObject({ outcome, key: sent[0]?.key, attempts: sent.length });
  });

  it('says why', async () => {
    const { client } = clientWith([lost], { deadlineMs: 1 });
    const error = await failureOf(client.orders.place(order));
    expect(error.message).toBe('no final answer within 1 ms (unknown, attempts: 1): connection reset');
  });

  it('does not wait for a time beyond its deadline', async () => {
    const { client, sent } = clientWith([{ status: 503, headers: { 'Retry-After': '60' } }], { deadlineMs: 10_000 });
    const start = performance.now();
    await failureOf(client.orders.place(order));
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(sent).toHaveLength(1);
  });

  it('waits as long as it is asked to', async () => {
    const { client } = clientWith([{ status: 503, headers: { 'Retry-After': '1' } }, confirmed]);
    const start = performance.now();
    await client.orders.place(order);
    expect(performance.now() - start).toBeGreaterThanOrEqual(1_000);
  });
});

describe('the signal of the caller', () => {
  const reason = new Error('the page was left');

  it('ends a write with its key and the outcome', async () => {
    const { client, sent } = clientWith(['never']);
    const controller = new AbortController();
    const call = failureOf(client.orders.place(order, { signal: controller.signal }));
    while (sent.length === 0) await new Promise(setImmediate);
    controller.abort(reason);
    expect(await call).toMatchObject({ outcome: 'unknown', key: sent[0]?.key, cause: reason });
  });

  it('ends a pause', async () => {
    const { client } = clientWith([{ status: 503, headers: { 'Retry-After': '60' } }]);
    const signal = AbortSignal.timeout(20);
    expect(await failureOf(client.orders.place(order, { signal }))).toMatchObject({ outcome: 'unknown' });
  });

  it('ends a read with its reason alone', async () => {
    const { client, sent } = clientWith(['never']);
    const controller = new AbortController();
    const call = failureOf(client.orders.get('o', { signal: controller.signal }));
    while (sent.length === 0) await new Promise(setImmediate);
    controller.abort(reason);
    expect(await call).toBe(reason);
  });

  it('prevents a call that has not begun', async () => {
    const { client, sent } = clientWith([confirmed]);
    expect(await failureOf(client.orders.place(order, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(sent).toEqual([]);
  });
});

describe('a list', () => {
  const pages: Step[] = [
    { status: 200, body: { items: [{ id: '1' }], nextCursor: 'a' } },
    { status: 200, body: { items: [], nextCursor: 'b' } },
    lost,
    { status: 200, body: { items: [{ id: '2' }] } },
  ];

  it('gives all items, over short pages and lost answers, with the same filters', async () => {
    const { client, sent } = clientWith(pages);
    const ids: string[] = [];
    for await (const { id } of client.orders.list({ status: 'pending', limit: 1 })) ids.push(id);
    expect(ids).toEqual(['1', '2']);
    expect(sent.map(({ url, key }) => [new URL(url).search, key])).toEqual([
      ['?status=pending&limit=1', null],
      ['?status=pending&limit=1&cursor=a', null],
      ['?status=pending&limit=1&cursor=b', null],
      ['?status=pending&limit=1&cursor=b', null],
    ]);
  });

  it('reads no further than it is asked to', async () => {
    const { client, sent } = clientWith(pages);
    for await (const { id } of client.orders.list()) if (id === '1') break;
    expect(sent).toHaveLength(1);
    expect(await client.orders.list().page('b')).toEqual({ items: [], nextCursor: 'b' });
  });
});

it('health gives a service that is down as it is', async () => {
  const { client, sent } = clientWith([{ status: 503 }, { status: 503, body: { status: 'down' } }]);
  expect(await client.health('orders')).toEqual({ status: 'down' });
  expect(sent).toHaveLength(2);
});

describe('a path', () => {
  it('has its segments encoded', () => {
    expect(pathTo`/products/${'a/b c?'}/movements`).toBe('/products/a%2Fb%20c%3F/movements');
  });

  it.each(['', '.', '..'])('cannot have the segment %j, which would name another path', (segment) => {
    expect(() => pathTo`/orders/${segment}`).toThrow(TypeError);
  });
});
