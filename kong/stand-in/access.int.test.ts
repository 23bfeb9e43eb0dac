import { allRoutes, readDeclaration } from './declaration.ts';
import { createRouter } from './routing.ts';
import {
  type Caller,
  expectProblem,
  headerOf,
  keys,
  kongYml,
  type Received,
  type sender,
  sendRaw,
  setUp,
  variables,
} from './testing/open-gateway.ts';

const callers: Caller[] = ['anonymous', 'storefront', 'other-storefront', 'backoffice', 'operations'];
const groupOf = {
  storefront: 'storefront',
  'other-storefront': 'storefront',
  backoffice: 'backoffice',
  operations: 'operations',
};

const anyone = ['anonymous', 'storefront', 'backoffice', 'operations'];
const deadLetters = (service: string): [string, string, string[]][] => [
  ['GET', `/operations/${service}/dead-letters`, ['operations']],
  ['GET', `/operations/${service}/dead-letters/groups`, ['operations']],
  ['GET', `/operations/${service}/dead-letters/7`, ['operations']],
  ['POST', `/operations/${service}/dead-letters/7/replay`, ['operations']],
  ['POST', `/operations/${service}/dead-letters/7/discard`, ['operations']],
  ['POST', `/operations/${service}/dead-letters/replays`, ['operations']],
  ['GET', `/operations/${service}/reconciliation`, ['operations']],
  ['GET', `/operations/${service}/stream`, ['backoffice', 'operations']],
  ['POST', `/operations/${service}/reconciliation`, ['operations']],
];
const id = '0199a2b4-0000-7000-8000-000000000001';
const routes: [method: string, path: string, groups: string[]][] = [
  ['GET', '/', anyone],
  ['GET', '/health/orders', anyone],
  ['GET', '/health/inventory', anyone],
  ['GET', '/console', anyone],
  ['GET', '/docs', anyone],
  ['GET', '/docs/problems', anyone],
  ['GET', '/docs/problems/order-rejected', anyone],
  ['GET', '/docs/orders.json', anyone],
  ['GET', '/docs/inventory.json', anyone],
  ['GET', '/health/accounts', anyone],
  ['GET', '/docs/accounts.json', anyone],
  ['GET', '/health/notifications', anyone],
  ['GET', '/docs/notifications.json', anyone],
  ['GET', '/.well-known/jwks.json', anyone],
  ['POST', '/accounts', anyone],
  ['POST', '/accounts/verification', anyone],
  ['POST', '/accounts/password-reset', anyone],
  ['PUT', '/accounts/password', anyone],
  ['POST', '/accounts/lookup', ['backoffice']],
  ['GET', `/accounts/${id}`, ['backoffice']],
  ['GET', '/operations/accounts/staff', ['backoffice', 'operations']],
  ['POST', '/sessions', anyone],
  ['POST', '/sessions/refresh', anyone],
  ['DELETE', '/sessions/current', anyone],
  ['DELETE', '/sessions', anyone],
  // Who is signed in, the service finds out.
  ['GET', '/accounts/me', anyone],
  ['PATCH', '/accounts/me', anyone],
  ['DELETE', '/accounts/me', anyone],
  ['GET', '/accounts/me/export', anyone],
  ['PUT', '/accounts/me/password', anyone],
  ['PUT', '/accounts/me/email', anyone],
  ['POST', '/accounts/me/email/confirmation', anyone],
  ['POST', '/accounts/me/addresses', anyone],
  ['GET', '/accounts/me/addresses', anyone],
  ['GET', `/accounts/me/addresses/${id}`, anyone],
  ['PUT', `/accounts/me/addresses/${id}`, anyone],
  ['DELETE', `/accounts/me/addresses/${id}`, anyone],
  ['GET', '/accounts/me/orders', anyone],
  ['GET', '/accounts/me/dashboard', anyone],
  ['GET', '/notifications', ['backoffice', 'operations']],
  ['GET', `/notifications/${id}`, ['backoffice', 'operations']],
  ['POST', '/orders', ['storefront']],
  ['GET', '/orders', ['storefront', 'backoffice', 'operations']],
  ['GET', `/orders/${id}`, ['storefront', 'backoffice', 'operations']],
  ['GET', `/orders/${id}/timeline`, ['storefront', 'backoffice', 'operations']],
  ['POST', `/orders/${id}/cancellation`, ['storefront', 'backoffice']],
  ['POST', `/orders/${id}/shipment`, ['backoffice']],
  ['POST', `/orders/${id}/delivery`, ['backoffice']],
  ['GET', '/products', ['storefront', 'backoffice', 'operations']],
  ['GET', '/products/SKU-1', ['storefront', 'backoffice', 'operations']],
  ['POST', '/products', ['backoffice']],
  ['PATCH', '/products/SKU-1', ['backoffice']],
  ['POST', '/products/SKU-1/adjustments', ['backoffice']],
  ['POST', '/products/SKU-1/counts', ['backoffice']],
  ['POST', '/products/adjustments', ['backoffice']],
  ['GET', '/products/SKU-1/movements', ['backoffice', 'operations']],
  ...deadLetters('orders'),
  ...deadLetters('inventory'),
  ...deadLetters('accounts'),
  ...deadLetters('notifications').filter(([, path]) => !path.endsWith('reconciliation')),
  ['GET', `/operations/orders/waits/${id}`, ['operations']],
  ['GET', `/operations/inventory/reservations/${id}`, ['operations']],
];
function ownerOf(path: string): string {
  if (/^\/docs(\/problems.*)?$/.test(path)) return 'docs-pages';
  if (/accounts|sessions|jwks/.test(path)) return 'account-service';
  if (path.startsWith('/console')) return 'web';
  if (path.includes('notifications')) return 'notification-service';
  return /inventory|products/.test(path) ? 'inventory-service' : 'order-service';
}
/** People may call what staff may: whatever is for the groups of their roles. */
const isForPeople = ([, , groups]: (typeof routes)[number]) =>
  !groups.includes('anonymous') && (groups.includes('backoffice') || groups.includes('operations'));
const cells = routes.flatMap(([method, path, groups]) =>
  callers.map((caller) => {
    const group = caller === 'anonymous' ? 'anonymous' : groupOf[caller];
    const status = groups.includes(group) ? 200 : caller === 'anonymous' ? 401 : 403;
    return [method, path, caller, status] as const;
  }),
);

describe('who may call what', () => {
  // One for all: none of these requests changes what becomes of another.
  let seen: Received[];
  let send: ReturnType<typeof sender>;
  beforeAll(async () => {
    ({ seen, send } = await setUp());
  });
  beforeEach(() => void seen.splice(0));

  it('is tested for every route and method of kong.yml', () => {
    const file = readDeclaration(kongYml, variables(1));
    const inFile = allRoutes(file).flatMap(({ route }) => route.methods.map((method) => `${method} ${route.name}`));
    const match = createRouter(allRoutes(file).map(({ route }) => ({ ...route, regexPriority: route.regex_priority })));
    const asked = routes.flatMap(([method, path]) =>
      (method === 'GET' ? ['GET', 'HEAD'] : [method]).map((each) => `${each} ${match(each, path)?.name}`),
    );
    // The second route of a path, for people; what it is, is asked below.
    for (const [method, path] of routes.filter(isForPeople)) {
      const each = method === 'GET' ? ['GET', 'HEAD'] : [method];
      asked.push(...each.map((one) => `${one} ${match(one, path, ['x-caller', 'staff'])?.name}`));
    }
    // The one path with two routes for anyone.
    asked.push(...['GET', 'HEAD'].map((each) => `${each} ${match(each, '/', ['accept', 'text/html'])?.name}`));
    expect(asked.sort()).toEqual(inFile.sort());
  });

  it.each(cells)('%s %s as %s is %i', async (method, path, caller, status) => {
    const answer = await send(method, path, { as: caller });
    expect(answer.status).toBe(status);
    const reaches = status === 200 && path !== '/';
    expect(seen.map((r) => [r.service, r.method, r.url])).toEqual(reaches ? [[ownerOf(path), method, path]] : []);
    if (method !== 'GET') return;
    expect(await send('HEAD', path, { as: caller })).toMatchObject({ status, text: '' });
  });

  it.each([
    ['GET', '/reservations'],
    ['POST', '/reservations'],
    ['POST', '/reservations/lookup'],
    ['GET', '/metrics'],
    ['GET', '/health/live'],
    ['GET', '/health/ready'],
    ['GET', '/ordersX'],
    ['GET', '/orders/'],
    ['GET', '/orders/1/2'],
    ['DELETE', '/orders/1'],
    ['PUT', '/products/SKU-1'],
    ['OPTIONS', '/orders'],
    ['PATCH', '/orders'],
  ])('%s %s is 404, with a key and without', async (method, path) => {
    for (const as of callers)
      expectProblem(await send(method, path, { as }), 404, 'no Route matched with those values');
    expect(seen).toEqual([]);
  });

  it('answers GET / itself, to the byte', async () => {
    const { status, headers, text } = await send('GET', '/');
    expect([status, headers['content-type'], text]).toEqual([
      200,
      'application/json; charset=utf-8',
      '{"message":"API Gateway is Running"}',
    ]);
  });

  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html', true],
    ['*/*', false],
    ['application/json, text/html', false],
  ])('sends GET / with Accept: %s to the pages: %s', async (accept, toPages) => {
    const { status, text } = await send('GET', '/', { headers: ['Accept', accept] });
    expect(status).toBe(200);
    expect(seen.map(({ service, url }) => [service, url])).toEqual(toPages ? [['web', '/']] : []);
    if (!toPages) expect(text).toBe('{"message":"API Gateway is Running"}');
  });

  it.each(['/console/orders', '/console/orders/ORD-1', '/console/stock/A%2FB', '/console/assets/a-b1.js'])(
    'sends GET %s to the pages, without a key of the client',
    async (path) => {
      expect((await send('GET', path, { as: 'backoffice' })).status).toBe(200);
      expect(seen.map(({ service, url }) => [service, url])).toEqual([['web', path]]);
      expect(seen[0]?.headers.map((header) => header.toLowerCase())).not.toContain('apikey');
      expectProblem(await send('POST', path), 404, 'no Route matched with those values');
    },
  );
});

describe('people', () => {
  const forged = ['x-consumer-custom-id', 'backoffice-1', 'x-consumer-groups', 'backoffice'];

  it.each(routes.filter(isForPeople))('reach %s %s without a key, and no client is named', async (method, path) => {
    const { send } = await setUp();
    const answer = await send(method, path, { headers: ['X-Caller', 'shopper', 'Cookie', 'a=b', 'apikey', 'x'] });
    expect(answer.status).toBe(200);
    expect(headerOf(answer, 'x-gateway-token')).toEqual(['c0c0a0']);
    expect(headerOf(answer, 'x-caller')).toEqual(['shopper']);
    expect(headerOf(answer, 'cookie')).toEqual(['a=b']);
    for (const name of ['apikey', 'x-consumer-custom-id', 'x-consumer-groups'])
      expect(headerOf(answer, name)).toEqual([]);
  });

  it('reach the sign-in with their cookies and the address that the gateway sees', async () => {
    const { send } = await setUp();
    const headers = ['X-Caller', 'staff', 'Cookie', '__Secure-staff-refresh=a', 'X-Real-IP', '192.0.2.1', ...forged];
    const answer = await send('POST', '/sessions/refresh', { headers });
    expect(headerOf(answer, 'x-gateway-token')).toEqual(['c0c0a0']);
    expect(headerOf(answer, 'x-caller')).toEqual(['staff']);
    expect(headerOf(answer, 'cookie')).toEqual(['__Secure-staff-refresh=a']);
    expect(headerOf(answer, 'x-real-ip')).toEqual(['127.0.0.1']);
  });

  it('are never machines, whatever they send', async () => {
    const { send } = await setUp();
    for (const headers of [
      ['X-Caller', 'staff', ...forged],
      ['X-Caller', 'staff', ...forged, 'Connection', 'x-caller'],
      ['X-Caller', 'staff', 'X-Caller', 'x', ...forged],
      ['X-Caller', 'STAFF', ...forged, 'X-Gateway-Token', 'c0ffee'],
    ]) {
      const answer = await send('GET', '/orders', { as: 'storefront', headers });
      expect(headerOf(answer, 'x-gateway-token')).toEqual(['c0c0a0']);
      expect(headerOf(answer, 'apikey')).toEqual([]);
    }
    const stripped = await send('GET', '/orders', { headers: ['X-Caller', 'staff', 'Connection', 'x-gateway-token'] });
    expect(headerOf(stripped, 'x-gateway-token')).toEqual([]);
  });

  it.each([
    ['where people have no route', 'POST', '/orders', ['X-Caller', 'shopper']],
    ['with another X-Caller', 'GET', '/orders', ['X-Caller', 'admin']],
    ['with the name in a longer value', 'GET', '/orders', ['X-Caller', 'shopper, staff']],
  ])('are a machine with its key %s', async (_case, method, path, headers) => {
    const { send } = await setUp();
    const answer = await send(method, path, { as: 'storefront', headers: [...headers, ...forged] });
    expect(headerOf(answer, 'x-gateway-token')).toEqual(['c0ffee']);
    expect(headerOf(answer, 'x-consumer-custom-id')).toEqual(['storefront-1']);
    expect((await send(method, path, { headers })).status).toBe(401);
  });

  it('have a budget for each address and route', async () => {
    const { send } = await setUp({ now: () => Date.parse('2026-01-05T10:00:15Z') });
    const headers = ['X-Caller', 'shopper'];
    for (let i = 0; i < 600; i += 1) expect((await send('GET', '/orders', { headers })).status).toBe(200);
    expectProblem(await send('GET', '/orders', { headers }), 429, 'API rate limit exceeded');
    expect((await send('GET', `/orders/${id}`, { headers })).status).toBe(200);
    expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(200);
  });
});

describe('key-auth', () => {
  it.each([
    ['no key', [], 'No API key found in request'],
    ['an empty key', ['apikey', ''], 'No API key found in request'],
    ['an unknown key', ['apikey', 'guessed'], 'Unauthorized'],
    ['two keys', ['apikey', keys.storefront, 'APIKEY', keys.storefront], 'Duplicate API key found'],
  ])('refuses %s', async (_what, headers, title) => {
    const { send, seen } = await setUp();
    const answer = await send('GET', `/orders?apikey=${keys.storefront}`, { headers });
    expectProblem(answer, 401, title);
    expect(answer.headers['www-authenticate']).toBe('Key realm="header apikey"');
    expect(seen).toEqual([]);
  });

  it('refuses a wrong group and names those that may', async () => {
    const { send } = await setUp();
    const answer = await send('POST', '/orders', { as: 'operations' });
    expectProblem(answer, 403, 'You cannot consume this service');
    expect(answer.headers['x-allowed-groups']).toBe('storefront');
    const movements = await send('GET', '/products/MUG/movements', { as: 'storefront' });
    expect(movements.headers['x-allowed-groups']).toBe('backoffice, operations');
  });

  it('hides the key from the service and sends the identity of the caller', async () => {
    const { send } = await setUp();
    const answer = await send('GET', '/orders', { as: 'other-storefront' });
    expect(headerOf(answer, 'apikey')).toEqual([]);
    expect(headerOf(answer, 'x-consumer-custom-id')).toEqual(['storefront-2']);
    expect(headerOf(answer, 'x-consumer-username')).toEqual(['other-storefront']);
    expect(headerOf(answer, 'x-consumer-groups')).toEqual(['storefront']);
    expect(headerOf(answer, 'x-consumer-id')[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(headerOf(answer, 'x-credential-identifier')[0]).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the key guard', () => {
  it.each(['clef\xe9', '\xff', 'a b', 'tab\there'])('answers 401 to the key %j without a lookup', async (key) => {
    const { send } = await setUp();
    const answer = await send('GET', '/orders', { headers: ['apikey', key] });
    expectProblem(answer, 401, 'Unauthorized');
    expect(answer.headers['www-authenticate']).toBe('Key realm="header apikey"');
    expect((await send('GET', '/docs', { headers: ['apikey', key] })).status).toBe(200);
  });

  it('answers 400 to an Idempotency-Key with control characters', async () => {
    const { send, seen, gateway } = await setUp();
    const answer = await send('POST', '/orders', {
      as: 'storefront',
      headers: ['Idempotency-Key', 'a\tb'],
      body: '{}',
    });
    expectProblem(answer, 400, 'Idempotency-Key has control characters');
    const head = `POST /orders HTTP/1.1\r\nHost: a\r\napikey: ${keys.storefront}\r\nContent-Length: 0\r\nConnection: close\r\n`;
    expect(await sendRaw(gateway.port, `${head}Idempotency-Key: a\x01b\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });

  it('limits refused keys by address, but not accepted keys and routes without keys', async () => {
    let now = Date.parse('2026-01-05T10:00:15Z');
    const { send } = await setUp({ now: () => now });
    await send('GET', '/orders', { as: 'storefront' });
    for (let i = 0; i < 300; i += 1) {
      const headers = i % 3 === 0 ? [] : ['apikey', i % 3 === 1 ? `guess-${i}` : '\xff'];
      expect((await send('GET', '/orders', { headers })).status).toBe(401);
    }
    const refused = await send('GET', '/products', { headers: ['apikey', 'guess'] });
    expectProblem(refused, 429, 'Too many calls without a valid API key');
    expect(refused.headers['retry-after']).toBe('60');
    expect((await send('GET', '/orders', { as: 'operations' })).status).toBe(429);
    expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(200);
    expect((await send('GET', '/docs')).status).toBe(200);
    now += 60_000;
    expect((await send('GET', '/orders', { as: 'operations' })).status).toBe(200);
  });
});

describe('rate-limiting', () => {
  it('counts after the check, so that a burst exceeds the limit', async () => {
    const { gateway } = await setUp({ rate: 2 });
    const one = `GET /orders HTTP/1.1\r\nHost: a\r\napikey: ${keys.storefront}\r\n`;
    const answers = await sendRaw(gateway.port, `${`${one}\r\n`.repeat(5)}${one}Connection: close\r\n\r\n`);
    const passed = answers.match(/HTTP\/1\.1 200/g)?.length;
    expect(passed).toBeGreaterThanOrEqual(2);
    const { send } = await setUp({ rate: 2 });
    for (const status of [200, 200, 429]) {
      expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(status);
    }
  });

  it('refuses the call above the limit with Retry-After, for this consumer alone and until the next minute', async () => {
    let now = Date.parse('2026-01-05T10:00:15Z');
    const { send, seen } = await setUp({ rate: 2, now: () => now });
    await send('GET', '/orders', { as: 'storefront' });
    const last = await send('GET', '/products', { as: 'storefront' });
    expect(last.headers).toMatchObject({ 'ratelimit-limit': '2', 'ratelimit-remaining': '0', 'ratelimit-reset': '45' });
    const refused = await send('POST', '/orders', { as: 'storefront', body: '{}' });
    expectProblem(refused, 429, 'API rate limit exceeded');
    expect(refused.headers).toMatchObject({ 'retry-after': '45', 'x-ratelimit-remaining-minute': '0' });
    expect((await send('GET', '/orders', { as: 'other-storefront' })).status).toBe(200);
    now += 45_000;
    expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(200);
    expect(seen).toHaveLength(4);
  });

  it('does not count requests that were refused before', async () => {
    const { send } = await setUp({ rate: 1 });
    expect((await send('GET', '/nowhere', { as: 'storefront' })).headers['ratelimit-limit']).toBeUndefined();
    expect((await send('POST', '/products', { as: 'storefront' })).headers['ratelimit-limit']).toBeUndefined();
    expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(200);
  });
});
