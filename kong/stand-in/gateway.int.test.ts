import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { allRoutes, readDeclaration } from './declaration.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { createRouter } from './routing.ts';

const kongFolder = join(__dirname, '..');
const kongYml = readFileSync(join(kongFolder, 'kong.yml'), 'utf8');
const errorTemplate = readFileSync(join(kongFolder, 'error-template.json'), 'utf8');
const MIB = 1024 * 1024;

const keys = {
  storefront: 'key-of-storefront',
  'other-storefront': 'key-of-other-storefront',
  backoffice: 'key-of-backoffice',
  operations: 'key-of-operations',
} as const;
type Caller = keyof typeof keys | 'anonymous';
const callers: Caller[] = ['anonymous', 'storefront', 'other-storefront', 'backoffice', 'operations'];
const groupOf = {
  storefront: 'storefront',
  'other-storefront': 'storefront',
  backoffice: 'backoffice',
  operations: 'operations',
};

interface Received {
  service: string;
  method: string;
  url: string;
  headers: string[];
  body: string;
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

type Cleanup = () => Promise<unknown>;

const cleanups: Cleanup[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** A service that answers with what it received. */
function echo(service: string, seen: Received[]): RequestListener {
  return async (req, res) => {
    if (req.url === '/health/ready') return void res.end('ok');
    const body = await readText(req);
    const received = { service, method: req.method as string, url: req.url as string, headers: req.rawHeaders, body };
    seen.push(received);
    res.end(JSON.stringify(received));
  };
}

/** A port on which nothing listens, nor can: it is the near end of a connection of ours. */
async function refusingAddress(): Promise<string> {
  const [host = '', port] = (await listen(http.createServer())).split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  cleanups.push(async () => void socket.destroy());
  return `${host}:${socket.localPort}`;
}

interface Setup {
  orders?: string[];
  declaration?: string;
  rate?: number;
  now?: () => number;
  headTimeoutMs?: number;
  bodyTimeoutMs?: number;
}

/** The real kong.yml before echoing services, or before what a test puts in order-service's place. */
async function setUp({ orders, declaration = kongYml, rate = 1000, ...options }: Setup = {}) {
  const seen: Received[] = [];
  const gateway = await openGateway({
    ...{ declaration, ...options },
    env: variables(rate),
    upstreams: {
      'order-service.upstream': orders ?? [await listen(http.createServer(echo('order-service', seen)))],
      'inventory-service.upstream': [await listen(http.createServer(echo('inventory-service', seen)))],
      'docs-pages.upstream': [await listen(http.createServer(echo('docs-pages', seen)))],
    },
  });
  return { gateway, seen, send: sender(gateway.port) };
}

function variables(rate: number) {
  return {
    DECK_STOREFRONT_KEY: keys.storefront,
    DECK_OTHER_STOREFRONT_KEY: keys['other-storefront'],
    DECK_BACKOFFICE_KEY: keys.backoffice,
    DECK_OPERATIONS_KEY: keys.operations,
    DECK_RATE_LIMIT_PER_MINUTE: String(rate),
    DECK_ROUTE_PROTOCOLS: '[http, https]',
    DECK_TRACING_ENABLED: 'false',
    DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
    DECK_GATEWAY_TOKEN: 'c0ffee',
  };
}

async function openGateway(
  options: Pick<GatewayOptions, 'declaration' | 'env' | 'upstreams' | 'now' | 'headTimeoutMs' | 'bodyTimeoutMs'>,
): Promise<Gateway> {
  const fixed = { host: '127.0.0.1', port: 0, errorTemplate, logger: createLogger('gateway', 'silent') };
  const gateway = await startGateway({ ...fixed, ...options });
  cleanups.push(() => gateway.close());
  return gateway;
}

interface Sent {
  as?: Caller;
  headers?: string[];
  body?: string | Buffer;
  chunked?: boolean;
}

function sender(port: number) {
  return (
    method: string,
    path: string,
    { as = 'anonymous', headers = [], body, chunked = false }: Sent = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const own = ['Host', `shop.example:${port}`, ...(as === 'anonymous' ? [] : ['apikey', keys[as]]), ...headers];
      const framing =
        body === undefined ? [] : chunked ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body.length)];
      const options = { port, host: '127.0.0.1', method, path, headers: [...own, ...framing], agent: false };
      const req = http.request(options as http.RequestOptions, (res) => {
        readText(res).then((text) => resolve({ status: res.statusCode as number, headers: res.headers, text }), reject);
      });
      req.on('error', reject);
      req.end(body);
    });
}

/** What a client gets that writes these bytes. */
function sendRaw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
}

function headerOf(answer: Answer, name: string): string[] {
  const { headers } = JSON.parse(answer.text) as Received;
  return headers.flatMap((key, i) => (i % 2 === 0 && key.toLowerCase() === name ? [headers[i + 1] as string] : []));
}

async function until(done: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`it did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const HELP = expect.stringMatching(/header apikey.*GET \/docs/);
const GATEWAY_PROBLEM = 'https://orders.example/problems/gateway';

function expectProblem(answer: Answer, status: number, title: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  const traceId = answer.headers['x-kong-request-id'];
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.parse(answer.text)).toEqual({ type: GATEWAY_PROBLEM, title, help: HELP, traceId });
}

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
  ['GET', '/docs', anyone],
  ['GET', '/docs/problems', anyone],
  ['GET', '/docs/problems/order-rejected', anyone],
  ['GET', '/docs/orders.json', anyone],
  ['GET', '/docs/inventory.json', anyone],
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
  ['GET', `/operations/orders/waits/${id}`, ['operations']],
  ['GET', `/operations/inventory/reservations/${id}`, ['operations']],
];
function ownerOf(path: string): string {
  if (/^\/docs(\/problems.*)?$/.test(path)) return 'docs-pages';
  return /inventory|products/.test(path) ? 'inventory-service' : 'order-service';
}
const cells = routes.flatMap(([method, path, groups]) =>
  callers.map((caller) => {
    const group = caller === 'anonymous' ? 'anonymous' : groupOf[caller];
    const status = groups.includes(group) ? 200 : caller === 'anonymous' ? 401 : 403;
    return [method, path, caller, status] as const;
  }),
);

describe('who may call what', () => {
  it('is asked here of every route and method of kong.yml', () => {
    const file = readDeclaration(kongYml, variables(1));
    const inFile = allRoutes(file).flatMap(({ route }) => route.methods.map((method) => `${method} ${route.name}`));
    const match = createRouter(allRoutes(file).map(({ route }) => ({ ...route, regexPriority: route.regex_priority })));
    const asked = routes.flatMap(([method, path]) =>
      (method === 'GET' ? ['GET', 'HEAD'] : [method]).map((each) => `${each} ${match(each, path)?.name}`),
    );
    // The one path with two routes; what it is, is asked below.
    asked.push(...['GET', 'HEAD'].map((each) => `${each} ${match(each, '/', ['accept', 'text/html'])?.name}`));
    expect(asked.sort()).toEqual(inFile.sort());
  });

  it.each(cells)('%s %s as %s is %i', async (method, path, caller, status) => {
    const { send, seen } = await setUp();
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
    const { send, seen } = await setUp();
    for (const as of callers)
      expectProblem(await send(method, path, { as }), 404, 'no Route matched with those values');
    expect(seen).toEqual([]);
  });

  it('answers GET / itself, to the byte', async () => {
    const { send } = await setUp();
    const { status, headers, text } = await send('GET', '/');
    expect([status, headers['content-type'], text]).toEqual([
      200,
      'application/json; charset=utf-8',
      '{"message":"API Gateway is Running"}',
    ]);
  });

  it.each([
    [
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'text/html; charset=utf-8',
      /^<!doctype html>\n/,
    ],
    ['text/html', 'text/html; charset=utf-8', /^<!doctype html>\n/],
    ['*/*', 'application/json; charset=utf-8', /^\{"message":"API Gateway is Running"\}$/],
    ['application/json, text/html', 'application/json; charset=utf-8', /^\{"message":"API Gateway is Running"\}$/],
  ])('answers GET / for Accept: %s with %s', async (accept, type, body) => {
    const { send, seen } = await setUp();
    const { status, headers, text } = await send('GET', '/', { headers: ['Accept', accept] });
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(text).toMatch(body);
    expect(seen).toEqual([]);
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

  it('hides the key from the service and tells it who calls', async () => {
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
  it.each(['clef\xe9', '\xff', 'a b', 'tab\there'])('answers 401 to the key %j and asks nobody for it', async (key) => {
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

  it('limits refused keys by address, and neither keys that were accepted nor routes without keys', async () => {
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

describe('headers that a client forges', () => {
  const identity = [
    'x-consumer-id',
    'x-consumer-custom-id',
    'x-consumer-username',
    'x-credential-identifier',
    'x-consumer-groups',
  ];
  const forged = [...identity, 'x-anonymous-consumer', 'x-authenticated-groups', 'x_consumer_custom_id'].flatMap(
    (name) => [...[name.toUpperCase(), 'forged', name, 'forged-too']],
  );

  it('are replaced on a keyed route, each by one line, but for those that Kong does not know', async () => {
    const { send } = await setUp();
    const answer = await send('GET', '/orders', { as: 'storefront', headers: forged });
    for (const name of identity) expect(headerOf(answer, name)).toEqual([expect.not.stringContaining('forged')]);
    expect(headerOf(answer, 'x-anonymous-consumer')).toEqual([]);
    expect(headerOf(answer, 'x-authenticated-groups')).toEqual(['forged', 'forged-too']);
    expect(headerOf(answer, 'x_consumer_custom_id')).toEqual(['forged', 'forged-too']);
  });

  it('pass on a keyless route, where no service reads them', async () => {
    const { send } = await setUp();
    const answer = await send('GET', '/docs', { headers: [...forged, 'apikey', 'anything'] });
    for (const name of [...identity, 'x-anonymous-consumer'])
      expect(headerOf(answer, name)).toEqual(['forged', 'forged-too']);
    expect(headerOf(answer, 'apikey')).toEqual(['anything']);
  });

  it.each(['/orders', '/docs'])('never leave a gateway token of their own on %s', async (path) => {
    const { send } = await setUp();
    const headers = ['X-Gateway-Token', 'forged', 'x-gateway-token', '', 'X-GATEWAY-TOKEN', 'c0ffee,forged'];
    expect(headerOf(await send('GET', path, { as: 'storefront', headers }), 'x-gateway-token')).toEqual(['c0ffee']);
  });

  it('are stripped when Connection names them, those that plugins set among them', async () => {
    const { send } = await setUp();
    const headers = [
      'Connection',
      'close, X-Consumer-Custom-ID , x-gateway-token',
      'Connection',
      'X-Mine',
      'X-Mine',
      '1',
    ];
    const answer = await send('GET', '/orders', { as: 'storefront', headers });
    for (const name of ['x-consumer-custom-id', 'x-gateway-token', 'x-mine'])
      expect(headerOf(answer, name)).toEqual([]);
    expect(headerOf(answer, 'x-consumer-groups')).toEqual(['storefront']);
  });

  it('do not reach what is added last, not even by Connection', async () => {
    const { send, gateway } = await setUp();
    const overwritten = ['X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Path', 'X-Real-IP'];
    const names = [...overwritten, 'X-Forwarded-For', 'X-Forwarded-Prefix', 'X-Kong-Request-Id', 'Via'];
    const headers = [...names.flatMap((name) => [name, 'forged']), 'Connection', names.join(', ')];
    const answer = await send('GET', '/health/orders?a=b', { headers });
    expect(headerOf(answer, 'x-forwarded-for')).toEqual(['forged, 127.0.0.1']);
    expect(headerOf(answer, 'x-forwarded-prefix')).toEqual([]);
    expect(headerOf(answer, 'via')).toEqual(['forged, 1.1 kong/3.9.3']);
    expect(headerOf(answer, 'x-kong-request-id')).toEqual([answer.headers['x-kong-request-id']]);
    expect(overwritten.map((name) => headerOf(answer, name.toLowerCase()))).toEqual(
      ['http', 'shop.example', String(gateway.port), '/health/orders', '127.0.0.1'].map((value) => [value]),
    );
  });

  it('are dropped when they concern the connection or have a name that nginx refuses', async () => {
    const { send } = await setUp();
    const dropped = ['Keep-Alive', 'Proxy', 'Proxy-Connection', 'Upgrade', 'X.Dotted', 'X-Wei!rd'];
    const headers = [
      ...dropped.flatMap((name) => [name, 'x']),
      ...['X-Empty', ''],
      'TE',
      'gzip, trailers',
      'Expect',
      'magic',
    ];
    const answer = await send('GET', '/docs', { headers });
    for (const name of [...dropped, 'Expect']) expect(headerOf(answer, name.toLowerCase())).toEqual([]);
    expect(headerOf(answer, 'x-empty')).toEqual(['']);
    expect(headerOf(answer, 'te')).toEqual(['trailers']);
  });
});

describe('paths', () => {
  it('go on normalised, the query as it came where no key is taken out of it', async () => {
    const { send, seen } = await setUp();
    await send('GET', '//%6frders/./x/../a%2fb%20c?q=%2e%2e//&q', { as: 'storefront' });
    await send('GET', '/orders?x[]=1&apikey=secret&%', { as: 'storefront' });
    await send('GET', '/health/./orders?q=%2e%2e//&q&apikey=1');
    expect(seen.map(({ url }) => url)).toEqual([
      '/orders/a%2Fb%20c?q=..%2F%2F&q=',
      '/orders?x%5B%5D=1&%25=',
      '/health/orders?q=%2e%2e//&q&apikey=1',
    ]);
  });

  it.each(['/../orders', '/orders/%00', '/orders/%zz'])('%s is 400 before anything else', async (path) => {
    const { send } = await setUp();
    expectProblem(await send('GET', path), 400, 'Bad request');
  });

  it('that are no UTF-8 have no route', async () => {
    const { send } = await setUp();
    expectProblem(await send('GET', '/orders/%ff', { as: 'storefront' }), 404, 'no Route matched with those values');
  });
});

describe('sizes', () => {
  it.each([
    ['where a key and a route are missing too', 'POST', '/nowhere', 'anonymous' as const, []],
    ['whatever Expect says', 'POST', '/orders', 'storefront' as const, ['Expect', '100-continue']],
  ])('a declared body over 1 MiB is 413, %s', async (_what, method, path, as, headers) => {
    const { send, seen } = await setUp();
    expectProblem(await send(method, path, { as, headers, body: 'x'.repeat(MIB + 1) }), 413, 'Payload too large');
    expect(seen).toEqual([]);
  });

  it('a chunked body over 1 MiB is 413, and the service sees nothing of it', async () => {
    const { send, seen } = await setUp();
    const answer = await send('POST', '/orders', { as: 'storefront', body: 'x'.repeat(3 * MIB), chunked: true });
    expectProblem(answer, 413, 'Payload too large');
    expect(seen).toEqual([]);
  });

  it.each([false, true])('a body of 1 MiB passes whole and with its length, chunked: %s', async (chunked) => {
    const { send, seen } = await setUp();
    const body = Buffer.alloc(MIB, 'é\n', 'latin1');
    const answer = await send('POST', '/orders', {
      as: 'storefront',
      body,
      chunked,
      headers: ['Expect', '100-continue'],
    });
    expect(answer.status).toBe(200);
    expect(seen[0]?.body).toBe(body.toString('latin1'));
    expect(headerOf(answer, 'content-length')).toEqual([String(MIB)]);
    expect(headerOf(answer, 'transfer-encoding')).toEqual([]);
  });

  it('a client that waits for 100 Continue before it sends its body gets it', async () => {
    const { gateway, seen } = await setUp();
    const headers = { apikey: keys.storefront, Expect: '100-continue', 'Content-Length': '2' };
    const req = http.request({ port: gateway.port, host: '127.0.0.1', method: 'POST', path: '/orders', headers });
    req.once('continue', () => req.end('{}'));
    req.flushHeaders();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect([res.statusCode, (await readText(res)).length > 0, seen[0]?.body]).toEqual([200, true, '{}']);
    req.destroy();
  });

  it.each([
    ['a header line over 8 KiB', ['X-Long', 'x'.repeat(9_000)]],
    ['five header lines of 7 KiB', ['A', 'B', 'C', 'D', 'E'].flatMap((name) => [name, 'x'.repeat(7_000)])],
    ['more than 100 headers', Array.from({ length: 202 }, (_, i) => (i % 2 === 0 ? `X-${i}` : 'x'))],
  ])('%s is 400', async (_what, headers) => {
    const { send } = await setUp();
    expectProblem(await send('GET', '/', { headers }), 400, 'Request header or cookie too large');
  });

  it('headers beyond what the parser holds are 400 and end the connection', async () => {
    const { gateway } = await setUp();
    const answer = await sendRaw(gateway.port, `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(200_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"Request header or cookie too large".*$/s);
  });

  it('a request line over 8 KiB is 414', async () => {
    const { send } = await setUp();
    expectProblem(await send('GET', `/orders?a=${'x'.repeat(9_000)}`), 414, 'URI too long');
  });
});

describe('requests that are no good HTTP', () => {
  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 400, 'Bad request'],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400, 'Bad request'],
    ['GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n', 400, 'Bad request'],
    ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 400, 'Bad request'],
    ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, 'Bad request'],
    ['GET / HTTP/1.0\r\nHost: :80\r\n\r\n', 400, 'Bad request'],
    ['POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400, 'Bad request'],
    ['TRACE / HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'Method not allowed'],
    ['CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'Method not allowed'],
  ])('%j is %i', async (text, status, title) => {
    const { gateway } = await setUp();
    const request = text.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
    const [head = '', body = ''] = (await sendRaw(gateway.port, request)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(body)).toMatchObject({
      type: GATEWAY_PROBLEM,
      title,
      traceId: /X-Kong-Request-Id: (\w+)/.exec(head)?.[1],
    });
  });
});

describe("nginx's own answers", () => {
  it.each([
    ['POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', '501 Not Implemented'],
    ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', '505 HTTP Version Not Supported'],
    ['GET / HTTP/3.0\r\nHost: a\r\n\r\n', '505 HTTP Version Not Supported'],
  ])('to %j is HTML', async (text, title) => {
    const { gateway } = await setUp();
    const answer = await sendRaw(gateway.port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${title}\r\n[^]*Content-Type: text/html\r\n[^]*<h1>${title}</h1>`));
  });

  it('to who sends a part of a body and then nothing is the end of the connection', async () => {
    const { gateway } = await setUp({ bodyTimeoutMs: 200 });
    const head = `POST /orders HTTP/1.1\r\nHost: a\r\napikey: ${keys.storefront}\r\nContent-Length: 100\r\n\r\n`;
    expect(await sendRaw(gateway.port, `${head}{`)).toBe('');
  });

  it('to who sends a head too slowly is the end of the connection', async () => {
    const { gateway } = await setUp({ headTimeoutMs: 200 });
    expect(await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n')).toBe('');
  });
});

describe('rate-limiting', () => {
  it('counts after the check, so that a burst goes over the limit', async () => {
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

  it('does not count what was refused before it', async () => {
    const { send } = await setUp({ rate: 1 });
    expect((await send('GET', '/nowhere', { as: 'storefront' })).headers['ratelimit-limit']).toBeUndefined();
    expect((await send('POST', '/products', { as: 'storefront' })).headers['ratelimit-limit']).toBeUndefined();
    expect((await send('GET', '/orders', { as: 'storefront' })).status).toBe(200);
  });
});

describe('error bodies', () => {
  it.each([
    ['text/html', 'text/html; charset=utf-8', /^<!doctype html>.*<p>no Route matched with those values\.<\/p>/s],
    ['application/xml', 'application/xml; charset=utf-8', /<message>no Route matched with those values<\/message>/],
    ['text/plain', 'text/plain; charset=utf-8', /^no Route matched with those values\nrequest_id: [0-9a-f]{32}\n$/],
    ['application/problem+json', 'application/json; charset=utf-8', /"title": ?"no Route matched with those values"/],
  ])('for Accept: %s are %s', async (accept, type, body) => {
    const { send } = await setUp();
    const answer = await send('GET', '/nowhere', { headers: ['Accept', accept] });
    expect([answer.status, answer.headers['content-type']]).toEqual([404, type]);
    expect(answer.text).toMatch(body);
  });

  it('for Accept: application/grpc are none', async () => {
    const { send } = await setUp();
    const answer = await send('GET', '/nowhere', { headers: ['Accept', 'application/grpc'] });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([404, '', undefined]);
  });
});

describe('the way to a service and back', () => {
  it("leaves a service's own answers as they are", async () => {
    const busy: RequestListener = (_req, res) => {
      const headers = [
        'Content-Type',
        'application/problem+json',
        'Retry-After',
        '2',
        'Set-Cookie',
        'a',
        'Set-Cookie',
        'b',
      ];
      res.writeHead(503, [
        ...headers,
        'X-Kong-Request-Id',
        'forged',
        'RateLimit-Limit',
        '7',
        'X-Powered-By',
        'caf\xe9',
      ]);
      res.end('{"code":"overloaded"}');
    };
    const { send } = await setUp({ orders: [await listen(http.createServer(busy))] });
    const answer = await send('POST', '/orders', { as: 'storefront', body: '{}' });
    expect([answer.status, answer.text]).toEqual([503, '{"code":"overloaded"}']);
    expect(answer.headers).toMatchObject({
      ...{ 'content-type': 'application/problem+json', 'retry-after': '2', 'x-powered-by': 'caf\xe9' },
      ...{ 'set-cookie': ['a', 'b'], 'ratelimit-limit': '1000' },
    });
    expect(answer.headers['x-kong-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['over 4 KiB', { 'X-Long': 'x'.repeat(4_100) }],
    ['over 16 KiB', { 'X-Long': 'x'.repeat(17_000) }],
  ])('is 502 when the head of the answer is %s, and a read is not repeated', async (_what, headers) => {
    let received = 0;
    const tooMuch: RequestListener = (req, res) => {
      if (req.url !== '/health/ready') received += 1;
      res.writeHead(200, headers).end('{}');
    };
    const { send } = await setUp({ orders: [await listen(http.createServer(tooMuch))] });
    const answer = await send('GET', '/health/orders');
    expectProblem(answer, 502, 'An invalid response was received from the upstream server');
    expect(received).toBe(1);
  });

  it('streams an answer larger than any buffer', async () => {
    const large: RequestListener = (_req, res) => void res.end(Buffer.alloc(20 * MIB, 'y'));
    const { send } = await setUp({ orders: [await listen(http.createServer(large))] });
    expect((await send('GET', '/health/orders')).text).toHaveLength(20 * MIB);
  });

  it('takes the targets in turn while nobody else asks', async () => {
    const seen: Received[] = [];
    const orders = [await listen(http.createServer(echo('a', seen))), await listen(http.createServer(echo('b', seen)))];
    const { send } = await setUp({ orders });
    for (let i = 0; i < 4; i += 1) await send('GET', '/orders', { as: 'storefront' });
    expect(seen.map((r) => r.service)).toEqual(['a', 'b', 'a', 'b']);
  });

  it('is 502 where nothing listens, and has no Retry-After', async () => {
    const { send } = await setUp({ orders: [await refusingAddress()] });
    const answer = await send('POST', '/orders', { as: 'storefront', body: '{}' });
    expectProblem(answer, 502, 'An invalid response was received from the upstream server');
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it('asks another target, for a POST too, when the first refuses the connection', async () => {
    const seen: Received[] = [];
    const orders = [await refusingAddress(), await listen(http.createServer(echo('b', seen)))];
    const { send } = await setUp({ orders });
    for (let i = 0; i < 4; i += 1) {
      expect((await send('POST', '/orders', { as: 'storefront', body: '{}' })).status).toBe(200);
    }
    expect(seen).toHaveLength(4);
  });

  it.each([
    ['POST', '/orders', 'storefront' as const, 502, 1],
    ['GET', '/orders', 'storefront' as const, 502, 3],
  ])(
    '%s %s as %s is %i when it was sent and the service hangs up, after %i tries',
    async (method, path, as, status, tries) => {
      let received = 0;
      const hangUp: RequestListener = (req) => {
        if (req.url === '/health/ready') return;
        received += 1;
        req.socket.destroy();
      };
      const { send } = await setUp({
        orders: [await listen(http.createServer(hangUp)), await listen(http.createServer(hangUp))],
      });
      const answer = await send(method, path, { as, body: method === 'POST' ? '{}' : undefined });
      expectProblem(answer, status, 'An invalid response was received from the upstream server');
      expect(received).toBe(tries);
    },
  );

  it('is 504 when a service does not answer in time, and a POST is not sent again', async () => {
    let received = 0;
    const silent: RequestListener = (req) => {
      if (req.url !== '/health/ready') received += 1;
    };
    const orders = [await listen(http.createServer(silent)), await listen(http.createServer(silent))];
    const { send } = await setUp({ orders, declaration: kongYml.replace('read_timeout: 5000', 'read_timeout: 300') });
    const answer = await send('POST', '/orders', { as: 'storefront', body: '{}' });
    expectProblem(answer, 504, 'The upstream server is timing out');
    expect(received).toBe(1);
  });

  it('breaks off when the service does, instead of passing half an answer off as whole', async () => {
    const half: RequestListener = (_req, res) => {
      res.writeHead(200, { 'Content-Length': '100' });
      res.write('half', () => res.destroy());
    };
    const { send } = await setUp({ orders: [await listen(http.createServer(half))] });
    await expect(send('GET', '/health/orders')).rejects.toThrow(/aborted|ECONNRESET/);
  });

  it('ends a request to the service when the client goes away', async () => {
    let abandoned = false;
    const silent: RequestListener = (req, res) => {
      if (req.url !== '/health/ready') res.on('close', () => (abandoned = true));
    };
    const { gateway } = await setUp({ orders: [await listen(http.createServer(silent))] });
    const socket = connect(gateway.port, '127.0.0.1', () => {
      socket.write('GET /health/orders HTTP/1.1\r\nHost: a\r\n\r\n');
      setImmediate(() => socket.end());
    });
    await until(async () => abandoned);
  });
});

describe('one of two processes', () => {
  const unchecked = kongYml.replaceAll(/interval: 1,/g, 'interval: 0,');
  const inTurn = unchecked.replaceAll('least-connections', 'round-robin');

  /** Takes connections and requests, and answers none; `held` counts the orders, `mostHeld` those held at the same time. */
  async function frozenService() {
    const service = { address: '', held: 0, mostHeld: 0 };
    let holds = 0;
    const server = http.createServer((req, res) => {
      if (req.url !== '/orders') return;
      service.held += 1;
      holds += 1;
      service.mostHeld = Math.max(service.mostHeld, holds);
      res.on('close', () => {
        holds -= 1;
      });
    });
    service.address = await listen(server);
    return service;
  }

  /** So many clients, each with one request after the other until all have had so many answers; how many of each status. */
  async function runClients(send: ReturnType<typeof sender>, clients: number, requests: number) {
    const statuses: Record<number, number> = {};
    let left = requests;
    const run = async () => {
      while (left-- > 0) {
        const { status } = await send('POST', '/orders', { as: 'storefront', body: '{}' });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: clients }, run));
    return statuses;
  }

  it('that is dead costs no request when the repeat leaves it out, and some when it takes its turn again', async () => {
    const dead = await refusingAddress();
    const alive = await listen(http.createServer(echo('alive', [])));
    const { send } = await setUp({ orders: [dead, alive], declaration: unchecked, rate: 10_000 });
    expect(await runClients(send, 16, 400)).toEqual({ 200: 400 });
    const once = inTurn.replaceAll('    retries: 2', '    retries: 1');
    const before = await setUp({ orders: [dead, alive], declaration: once, rate: 10_000 });
    expect((await runClients(before.send, 16, 400))[502]).toBeGreaterThan(4);
  });

  it('that is frozen holds as many clients as the other has and no more', async () => {
    const frozen = await frozenService();
    const alive = await listen(http.createServer(echo('alive', [])));
    const { send } = await setUp({ orders: [frozen.address, alive], declaration: unchecked, rate: 100_000 });
    const statuses = await runClients(send, 16, 1_000);
    // On a busy machine some are held until their time is over, and then a client may be sent there again.
    expect(frozen.mostHeld).toBeLessThanOrEqual(8);
    expect(statuses).toEqual({ 200: 1_000 - frozen.held, 504: frozen.held });
  });

  it('that is frozen gets no requests after two checks that it does not answer', async () => {
    const frozen = await frozenService();
    const alive = await listen(http.createServer(echo('alive', [])));
    const { send } = await setUp({ orders: [frozen.address, alive], rate: 1_000_000 });
    await until(async () => {
      frozen.held = 0;
      await runClients(send, 4, 40);
      return frozen.held === 0;
    }, 60_000);
    await runClients(send, 16, 400);
    expect(frozen.held).toBe(0);
  });
});

describe('health checks', () => {
  const quick = kongYml.replaceAll('interval: 1,', 'interval: 0.05,');

  it('take a draining process out, answer 503 when none is left, and bring it back', async () => {
    let draining = false;
    const seen: Received[] = [];
    const service = echo('order-service', seen);
    const orders = http.createServer((req, res) => {
      if (req.url === '/health/ready' && draining) res.writeHead(503).end();
      else service(req, res);
    });
    const { send } = await setUp({ orders: [await listen(orders)], declaration: quick });
    expect((await send('GET', '/health/orders')).status).toBe(200);
    draining = true;
    await until(async () => (await send('GET', '/health/orders')).status === 503);
    expectProblem(await send('GET', '/health/orders'), 503, 'failure to get a peer from the ring-balancer');
    draining = false;
    await until(async () => (await send('GET', '/health/orders')).status === 200);
  });

  it('take out a target that refuses connections', async () => {
    const { send } = await setUp({ orders: [await refusingAddress()], declaration: quick });
    await until(async () => (await send('GET', '/health/orders')).status === 503);
  });
});

describe('start and stop', () => {
  it('does not start on what it does not implement', async () => {
    const declaration = kongYml.replace('name: request-termination', 'name: ip-restriction');
    await expect(setUp({ declaration })).rejects.toThrow(/routes\.0\.plugins\.0\.name/);
  });

  it('does not start with targets for an upstream that is not there', async () => {
    const upstreams = { 'elsewhere.upstream': ['127.0.0.1:1'] };
    await expect(openGateway({ declaration: kongYml, env: variables(1), upstreams })).rejects.toThrow(/elsewhere/);
  });

  it('finishes what runs and accepts nothing more', async () => {
    let release = () => {};
    const slow: RequestListener = (req, res) => {
      if (req.url !== '/health/ready') release = () => void res.end('done');
    };
    const { gateway, send } = await setUp({ orders: [await listen(http.createServer(slow))] });
    const before = release;
    const running = send('GET', '/health/orders');
    await until(async () => release !== before);
    const closing = gateway.close();
    await expect(send('GET', '/')).rejects.toThrow(/ECONNREFUSED/);
    release();
    expect((await running).text).toBe('done');
    await closing;
    cleanups.splice(cleanups.length - 1);
  });
});

describe('the process', () => {
  /** Starts main.ts; each line that it logs ends up in `lines`. */
  function startProcess(environment: Record<string, string>) {
    const child: ChildProcess = spawn(process.execPath, [join(__dirname, 'main.ts')], {
      env: { ...variables(1000), PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(async () => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const lines: Record<string, unknown>[] = [];
    let partial = '';
    child.stdout?.on('data', (chunk) => {
      const parts = (partial + chunk).split('\n');
      partial = parts.pop() as string;
      lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
    });
    return { child, exited, lines };
  }

  it('serves until SIGTERM and then exits with 0', async () => {
    const service = await listen(http.createServer(echo('order-service', [])));
    const { child, exited, lines } = startProcess({
      UPSTREAMS: JSON.stringify({ 'order-service.upstream': [service] }),
    });
    await until(async () => lines.some((line) => line.message === 'the gateway accepts requests'));
    const port = lines.find((line) => line.port)?.port as number;
    expect((await sender(port)('GET', '/orders', { as: 'storefront' })).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it('exits with 1 and names the faults when it cannot start', async () => {
    const { exited, lines } = startProcess({ DECK_GATEWAY_TOKEN: '', DECK_RATE_LIMIT_PER_MINUTE: 'many' });
    expect(await exited).toEqual([1, null]);
    const faults = [
      'DECK_RATE_LIMIT_PER_MINUTE must be a whole number',
      ...[/replace/, /add/].map((f) => expect.stringMatching(f)),
    ];
    expect(lines).toEqual([expect.objectContaining({ message: 'the gateway cannot start', faults })]);
  });
});
