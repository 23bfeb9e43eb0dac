/** The whole system from a client's view: two processes of each service behind the gateway. */
import { readFileSync } from 'node:fs';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { openRawClient, type RawClient } from '@shop/chassis/testing/raw-client.ts';
import { type Browser, hasBrowser, type Page, startBrowser } from '../web/browser.ts';
import { documentPath } from './contract/documents.ts';
import { type Answer, anOrderOf, finalAnswer, placeAndWait, type System, startSystem, withKey } from './system.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});

const tally = (answers: readonly Answer[]) => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = status >= 400 ? `${status} ${body.code}` : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe('an order through the gateway', () => {
  it('is placed, repeated, shipped, delivered, and has a complete timeline', async () => {
    const sku = await system.product(5);
    const key = `story-${sku}`;
    const placed = await placeAndWait(system, anOrderOf(sku, 2), key);
    expect([placed.status, placed.body.status, placed.body.clientId]).toEqual([201, 'confirmed', 'storefront-1']);
    expect(await system.stock(sku)).toEqual({ onHand: 5, reserved: 2, available: 3 });

    const repeated = await system.storefront('POST', '/orders', anOrderOf(sku, 2), withKey(`"${key}"`));
    expect([repeated.status, repeated.text]).toEqual([201, placed.text]);
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
    expect(repeated.headers.get('location')).toBe(`/orders/${placed.body.id}`);

    const path = `/orders/${placed.body.id}`;
    const shipment = { carrier: 'DHL', trackingNumber: 'JD01' };
    expect((await system.backoffice('POST', `${path}/shipment`, shipment, withKey())).body.status).toBe('shipped');
    expect((await system.backoffice('POST', `${path}/delivery`, undefined, withKey())).body.status).toBe('delivered');
    const { items } = (await system.storefront('GET', `${path}/timeline`)).body;
    const story = items.map(({ type }: { type: string }) => type);
    // An order that got 202 first has a queued entry.
    expect(story.filter((type: string) => !['queued', 'replays'].includes(type))).toEqual([
      'placed',
      'confirmed',
      'shipped',
      'delivered',
    ]);
    // The units leave the stock by message.
    const stock = await eventually(async () => {
      const now = await system.stock(sku);
      return now.onHand === 3 ? now : undefined;
    });
    expect(stock).toEqual({ onHand: 3, reserved: 0, available: 3 });
  });

  it('gives the stock back when it is cancelled', async () => {
    const sku = await system.product(1);
    const first = await placeAndWait(system, anOrderOf(sku));
    expect((await placeAndWait(system, anOrderOf(sku))).body.code).toBe('order-rejected');
    await system.storefront('POST', `/orders/${first.body.id}/cancellation`, { reason: 'too blue' }, withKey());
    await eventually(async () => ((await system.stock(sku)).available === 1 ? true : undefined));
    expect((await placeAndWait(system, anOrderOf(sku))).status).toBe(201);
  });
});

describe('the orders of a SKU, through the gateway', () => {
  it('are found by the back office and by the storefront that placed them', async () => {
    const sku = await system.product(5);
    const first = await placeAndWait(system, anOrderOf(sku));
    const second = await placeAndWait(system, anOrderOf(sku));
    for (const ask of [system.storefront, system.backoffice, system.operations]) {
      const { body } = await ask('GET', `/orders?sku=${sku}&status=confirmed`);
      expect(body.items.map(({ id }: { id: string }) => id)).toEqual([second.body.id, first.body.id]);
    }
    const page = await system.backoffice('GET', `/orders?sku=${sku}&limit=1`);
    const next = await system.backoffice('GET', `/orders?sku=${sku}&limit=1&cursor=${page.body.nextCursor}`);
    expect([page, next].map(({ body }) => body.items[0].id)).toEqual([second.body.id, first.body.id]);
    expect(next.body.nextCursor).toBeUndefined();
  });

  it.each([
    'A/B',
    'A%2FB',
    'A%26B',
    'A&B',
    'A%23B',
    'M%C3%9CG',
    '%F0%9F%8E%81',
    '%00',
    '%FF',
    '%',
    'A'.repeat(65),
    'A&sku=B',
  ])('are not asked for with %s, which is no SKU', async (text) => {
    const { status, body } = await system.backoffice('GET', `/orders?sku=${text}`);
    expect([status, body.code]).toEqual([400, 'validation-failed']);
  });
});

describe('a client with an unusual way to send its request', () => {
  const open = () => openRawClient(Number(new URL(system.env.BASE_URL ?? '').port));
  const received = (client: RawClient, pattern: RegExp) => eventually(() => pattern.exec(client.received) ?? undefined);
  const headOf = (key: string, ...more: string[]) =>
    [
      'POST /orders HTTP/1.1\r\nHost: shop',
      `apikey: ${system.env.STOREFRONT_KEY}`,
      `Idempotency-Key: ${key}`,
      'Content-Type: application/json',
      ...more,
      '\r\n',
    ].join('\r\n');
  const withLength = (key: string, body: string) => headOf(key, `Content-Length: ${body.length}`) + body;

  it('waits for 100 Continue and sends its body in small chunks: one order', async () => {
    const sku = await system.product(5);
    const client = open();
    client.socket.write(headOf(sku, 'Transfer-Encoding: chunked', 'Expect: 100-continue'));
    await received(client, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
    for (const piece of JSON.stringify(anOrderOf(sku)).match(/.{1,20}/g) ?? []) {
      client.socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      await new Promise((resolve) => setImmediate(resolve)); // one packet per chunk
    }
    client.socket.write('0\r\n\r\n');
    await received(client, /HTTP\/1\.1 20[12] .*"quantity":1/s);
    expect((await finalAnswer(system, anOrderOf(sku), sku)).status).toBe(201);
    expect((await system.stock(sku)).reserved).toBe(1);
  });

  it('sends two requests in one packet: two orders, answered in their order', async () => {
    const sku = await system.product(5);
    const client = open();
    const orders = [1, 2].map((quantity) => ({ key: `${sku}-${quantity}`, order: anOrderOf(sku, quantity) }));
    client.socket.write(orders.map(({ key, order }) => withLength(key, JSON.stringify(order))).join(''));
    await received(client, /HTTP\/1\.1 20[12] .*"quantity":1.*HTTP\/1\.1 20[12] .*"quantity":2/s);
    for (const { key, order } of orders) expect((await finalAnswer(system, order, key)).status).toBe(201);
    expect((await system.stock(sku)).reserved).toBe(3);
  });

  it('half-closes the connection after the request: with or without a response, its key has one order', async () => {
    const sku = await system.product(5);
    const client = open();
    client.socket.end(withLength(sku, JSON.stringify(anOrderOf(sku))));
    await eventually(() => client.isClosed || undefined);
    expect(client.received).toMatch(/^$|^HTTP\/1\.1 20[12] /);
    expect((await finalAnswer(system, anOrderOf(sku), sku)).status).toBe(201);
    expect((await system.stock(sku)).reserved).toBe(1);
  });
});

describe('races between processes', () => {
  it('N parallel orders for the last unit: one is confirmed', async () => {
    const sku = await system.product(1);
    const answers = await Promise.all(Array.from({ length: 40 }, () => placeAndWait(system, anOrderOf(sku))));
    expect(tally(answers)).toEqual({ 201: 1, '409 order-rejected': 39 });
    expect(await system.stock(sku)).toEqual({ onHand: 1, reserved: 1, available: 0 });
  });

  it('64 buyers, 50 units: 50 are sold', async () => {
    const sku = await system.product(50);
    const answers = await Promise.all(Array.from({ length: 64 }, () => placeAndWait(system, anOrderOf(sku))));
    expect(tally(answers)).toEqual({ 201: 50, '409 order-rejected': 14 });
  });

  it('100 twins with one key: one order, and every final answer is the same', async () => {
    const sku = await system.product(100);
    const key = `twins-${sku}`;
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => system.storefront('POST', '/orders', anOrderOf(sku), withKey(key))),
    );
    const final = await finalAnswer(system, anOrderOf(sku), key);
    expect(final.status).toBe(201);
    const finals = answers.filter(({ status }) => status === 201);
    expect(finals.filter(({ text }) => text !== final.text)).toEqual([]);
    const accepted = answers.filter(({ status }) => status === 202);
    expect(accepted.filter(({ body }) => body.id !== final.body.id)).toEqual([]);
    expect(finals.length + accepted.length).toBeGreaterThan(0);
    const others = answers.filter(({ status }) => status !== 201 && status !== 202);
    expect(others.every(({ status, body }) => status === 409 && body.code === 'request-in-progress')).toBe(true);
    expect((await system.stock(sku)).reserved).toBe(1);
  });

  it('orders that share SKUs in opposite order do not deadlock', async () => {
    const skus = await Promise.all([1, 2, 3, 4].map(() => system.product(1_000)));
    const orders = Array.from({ length: 120 }, (_, n) => {
      const lines = skus.map((sku) => ({ sku, quantity: 1 }));
      return { customerId: 'c', currency: 'EUR', lines: n % 2 ? lines : lines.toReversed() };
    });
    const answers = await Promise.all(orders.map((order) => placeAndWait(system, order)));
    expect(tally(answers)).toEqual({ 201: 120 });
    for (const sku of skus) expect((await system.stock(sku)).reserved).toBe(120);
  });

  it('a cancellation concurrent with its own placing: the response and the stock agree', async () => {
    const sku = await system.product(100);
    for (let n = 0; n < 10; n += 1) {
      const key = `cancel-race-${n}-${sku}`;
      const placing = system.storefront('POST', '/orders', anOrderOf(sku), withKey(key));
      const { items } = (await system.storefront('GET', '/orders?limit=1')).body;
      await system.storefront('POST', `/orders/${items[0].id}/cancellation`, {}, withKey());
      await placing;
      await finalAnswer(system, anOrderOf(sku), key);
    }
    const confirmed = await system.orderDb.query(
      "SELECT count(*)::integer AS count FROM orders JOIN order_lines ON id = order_id WHERE sku = $1 AND status = 'confirmed'",
      [sku],
    );
    await eventually(async () => {
      const { rowCount } = await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL');
      return rowCount === 0 ? true : undefined;
    });
    expect((await system.stock(sku)).reserved).toBe(confirmed.rows[0].count);
  });
});

describe('the OpenAPI documents', () => {
  it.each([
    ['/docs/orders.json', 'order-service'],
    ['/docs/inventory.json', 'inventory-service'],
  ])('%s is served without a key, as checked in', async (path, service) => {
    const { status, body } = await system.anonymous('GET', path);
    expect([status, body]).toEqual([200, JSON.parse(readFileSync(documentPath(service), 'utf8'))]);
    expect(await system.anonymous('HEAD', path)).toMatchObject({ status: 200, text: '' });
  });
});

describe('bad input', () => {
  const order = (more: object) => ({ customerId: 'c', currency: 'EUR', lines: [{ sku: 'A', quantity: 1 }], ...more });
  const lines = (count: number) => Array.from({ length: count }, (_, n) => ({ sku: `S${n}`, quantity: 1 }));
  it.each<[string, number, string, unknown, Record<string, string>?]>([
    ['bad JSON', 400, 'invalid-json', '{"customerId":'],
    ['wrong types', 400, 'validation-failed', order({ customerId: 7 })],
    ['unknown members', 400, 'validation-failed', order({ discount: 100 })],
    ['1,001 lines', 400, 'validation-failed', order({ lines: lines(1_001) })],
    ['overflowing quantities', 400, 'validation-failed', order({ lines: [{ sku: 'A', quantity: 1e30 }] })],
    ['control characters', 400, 'validation-failed', order({ customerId: 'a\u0000' })],
    ['malformed keys', 400, 'idempotency-key-malformed', order({}), { 'Idempotency-Key': 'a b' }],
    ['an empty key', 400, 'idempotency-key-missing', order({}), { 'Idempotency-Key': '""' }],
    ['deep nesting', 400, 'invalid-json', `${'{"a":'.repeat(100_000)}1`],
    ['prototype keys', 400, 'validation-failed', '{"__proto__":{"customerId":"c"},"constructor":{}}'],
    ['another media type', 415, 'unsupported-media-type', 'a=b', { 'Content-Type': 'text/plain' }],
  ])('%s: %i %s', async (_what, status, code, body, headers = {}) => {
    const answer = await system.storefront('POST', '/orders', body, { ...withKey(), ...headers });
    expect([answer.status, answer.body?.code]).toEqual([status, code]);
  });

  it('a body over 1 MiB is refused by the gateway, and by the template', async () => {
    const answer = await system.storefront('POST', '/orders', 'x'.repeat(1024 * 1024 + 1), withKey());
    expect([answer.status, Object.keys(answer.body).sort()]).toEqual([413, ['help', 'title', 'traceId', 'type']]);
  });

  it('forged X-Consumer-* headers have no effect, and removed ones are refused', async () => {
    const forged = {
      'X-Consumer-Custom-ID': 'backoffice-1',
      'X-Consumer-Groups': 'backoffice',
      'X-Gateway-Token': 'x',
    };
    const sku = await system.product(1);
    const placed = await system.storefront('POST', '/orders', anOrderOf(sku), { ...withKey(), ...forged });
    expect(placed.body.clientId).toBe('storefront-1');
    expect((await system.otherStorefront('GET', `/orders/${placed.body.id}`, undefined, forged)).status).toBe(404);
  });

  it('direct calls to a service are refused', async () => {
    const direct = await fetch(`${system.env.ORDER_URL}/orders`, {
      headers: { 'X-Consumer-Custom-ID': 'backoffice-1', 'X-Consumer-Groups': 'backoffice' },
    });
    expect(direct.status).toBe(401);
    const internal = await fetch(`${system.env.INVENTORY_URL}/reservations`, { method: 'POST', body: '{}' });
    expect([internal.status, ((await internal.json()) as { code: string }).code]).toEqual([
      401,
      'internal-token-required',
    ]);
  });

  it('left no order and no 5xx behind', async () => {
    const { rows } = await system.orderDb.query("SELECT FROM orders WHERE customer_id = 'c' AND status = 'pending'");
    expect(rows).toEqual([]);
    const metrics = await (await fetch(`${system.env.ORDER_URL}/metrics`)).text();
    expect(metrics).not.toMatch(/http_request_duration_seconds_count\{[^}]*status="5/);
  });
});

describeNeeding('Chromium', hasBrowser, 'in a browser without the Internet', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await startBrowser();
    atEnd(() => browser.close());
    page = await browser.newPage();
  });

  it.each([
    ['orders', 'operations-orders-placeOrder'],
    ['inventory', 'operations-products-adjustStock'],
  ])('GET /docs shows the calls of %s', async (service, operation) => {
    await page.goto(`${system.env.BASE_URL}/docs?of=${service}`);
    await page.locator(`#${operation}`).waitFor();
  });

  it('GET /docs keeps the API key over a reload and a change of document', async () => {
    const key = system.env.STOREFRONT_KEY;
    await page.goto(`${system.env.BASE_URL}/docs`);
    await page.locator('.btn.authorize').click();
    await page
      .locator('.auth-container input')
      .first()
      .fill(key ?? '');
    await page.locator('.auth-btn-wrapper .authorize').first().click();
    for (const next of [page.url(), `${system.env.BASE_URL}/docs?of=inventory`]) {
      await page.goto(next);
      await page.locator('.btn.authorize.locked').waitFor();
      expect(await page.evaluate('JSON.parse(localStorage.authorized).apikey.value')).toBe(key);
    }
  });

  it('GET /docs folds the refusals of a call that is open', async () => {
    await page.goto(`${system.env.BASE_URL}/docs`);
    const operation = page.locator('#operations-orders-placeOrder');
    await operation.locator('.opblock-summary-control').click();
    const summary = operation.locator('.refusals summary').first();
    expect(await summary.textContent()).toMatch(/^Refusals and errors: 400, 401, .*504$/);
    expect((await operation.boundingBox())?.height).toBeLessThan(3000);
  });

  it.each([
    ['a service', '/orders/00000000-0000-4000-8000-000000000000', 'order-not-found', 'Order not found'],
    ['the gateway', '/no/such/path', 'gateway', 'Refusals of the gateway'],
  ])('the type of a refusal of %s opens the page about it', async (_whose, path, code, title) => {
    const { body } = await system.storefront('GET', path);
    // The type may have the public domain of the host, which does not resolve here.
    const { BASE_URL = '', PUBLIC_URL = BASE_URL } = system.env;
    expect(body.type).toBe(`${PUBLIC_URL}/docs/problems/${code}`);
    await page.goto(body.type.replace(PUBLIC_URL, BASE_URL));
    expect(await page.locator('h1').first().textContent()).toBe(title);
    expect(await page.locator('pre').first().textContent()).toContain(body.type);
  });

  it('GET /docs/problems and its pages fit a phone', async () => {
    const phone = await browser.newPage({ viewport: { width: 360, height: 800 } });
    for (const path of ['', '/order-rejected', '/gateway', '/validation-failed']) {
      await phone.goto(`${system.env.BASE_URL}/docs/problems${path}`);
      expect(await phone.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
  });

  it('GET / leads to the console, which asks to sign in', async () => {
    await page.goto(`${system.env.BASE_URL}/`);
    await page.locator('input[type=password]').waitFor();
    expect(new URL(page.url()).pathname).toBe('/console/sign-in');
  });
});
