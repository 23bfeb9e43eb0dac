/** Every operation of the documents by every kind of caller, with good tokens and with bad ones, through the gateway. */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createPeople } from '@shop/chassis/edge/people/people.ts';
import { createSigningKeys } from '@shop/chassis/edge/people/signing-keys.ts';
import type { Role } from '@shop/chassis/edge/principal.ts';
import { listen } from '@shop/chassis/edge/server.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { silent } from '@shop/chassis/testing/messaging.ts';
import { createTokenIssuer, newKey, serveKeys } from '@shop/chassis/testing/token-issuer.ts';
import { startGateway } from '@shop/stand-in/gateway.ts';
import * as accountSide from '../account-service/test/test-app.ts';
import * as stockSide from '../inventory-service/test/test-app.ts';
import * as notificationSide from '../notification-service/test/test-app.ts';
import * as orderSide from '../order-service/test/test-app.ts';
import { type DescribedOperation, operations } from './contract/documents.ts';

type Headers = readonly string[];
interface Answer {
  status: number;
  code: string | undefined;
  body: Record<string, unknown>;
}

const keys = { storefront: 'key-1', otherStorefront: 'key-2', backoffice: 'key-3', operations: 'key-4' };
/** Whom the services serve besides clients and staff. */
const forEveryPerson = [
  ...['signOut', 'signOutEverywhere', 'readOwnAccount', 'changeOwnAccount'],
  ...['changePassword', 'requestEmailChange', 'confirmEmailChange'],
  ...['createAddress', 'listAddresses', 'readAddress', 'replaceAddress', 'deleteAddress'],
];
const forShoppers = [
  ...['listOrders', 'readOrder', 'readTimeline', 'cancelOrder', 'listOwnOrders', 'readDashboard'],
  ...['deleteAccount', 'exportAccount'],
  ...forEveryPerson,
];

const issuer = createTokenIssuer();
const account = randomUUID();
const root = join(__dirname, '..');
// The gateway limits refusals of an address by the minute: this is the time it sees.
let minute = 0;
let send: (method: string, path: string, headers: Headers, body?: object) => Promise<Answer>;
let orders: Awaited<ReturnType<typeof orderSide.createOrderDatabase>>;
let accounts: { service: accountSide.AccountService; pool: Pool };

beforeAll(async () => {
  const { url } = await serveKeys(issuer);
  const people = createPeople({
    publicUrl: 'https://shop.example',
    keys: createSigningKeys({ urls: [url], log: silent }),
  });
  const [ordersDatabase, stock, accountsDatabase, notifications] = await Promise.all([
    orderSide.createOrderDatabase(),
    stockSide.createInventoryDatabase(),
    accountSide.createAccountDatabase(),
    notificationSide.createNotificationDatabase(),
  ]);
  orders = ordersDatabase;
  atEnd(() => Promise.all([orders, stock, accountsDatabase, notifications].map((one) => one.drop())));
  const accountService = accountSide.startAccountService(accountsDatabase.pool, { people });
  accounts = { service: accountService, pool: accountsDatabase.pool };
  atEnd(() => accountService.stop());
  await accounts.pool.query(
    `INSERT INTO accounts (id, email, name, locale, status) VALUES ($1, 'ada@example.org', 'Ada', 'en', 'active')`,
    [account],
  );
  const accountServer = await listen(accountService.http, '127.0.0.1', 0);
  atEnd(() => accountServer.close());
  const notificationService = notificationSide.startNotificationService(notifications.pool, people);
  atEnd(() => notificationService.stop());
  const notificationServer = await listen(notificationService.http, '127.0.0.1', 0);
  atEnd(() => notificationServer.close());
  const inventoryService = stockSide.startInventoryService(stock.pool, undefined, people);
  atEnd(() => inventoryService.stop());
  await stockSide.stock(inventoryService, 'MUG', 100);
  const inventory = await listen(inventoryService.http, '127.0.0.1', 0);
  atEnd(() => inventory.close());
  const inventoryUrl = `http://127.0.0.1:${inventory.port}`;
  const orderService = orderSide.startOrderService(orders, inventoryUrl, undefined, undefined, people);
  atEnd(() => orderService.stop());
  const order = await listen(orderService.http, '127.0.0.1', 0);
  atEnd(() => order.close());
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    declaration: readFileSync(join(root, 'kong/kong.yml'), 'utf8'),
    errorTemplate: readFileSync(join(root, 'kong/error-template.json'), 'utf8'),
    env: {
      DECK_STOREFRONT_KEY: keys.storefront,
      DECK_OTHER_STOREFRONT_KEY: keys.otherStorefront,
      DECK_BACKOFFICE_KEY: keys.backoffice,
      DECK_OPERATIONS_KEY: keys.operations,
      DECK_GATEWAY_TOKEN: orderSide.GATEWAY_TOKEN,
      DECK_GATEWAY_KEYLESS_TOKEN: orderSide.KEYLESS_TOKEN,
      DECK_RATE_LIMIT_PER_MINUTE: '60000',
      DECK_ROUTE_PROTOCOLS: '[http, https]',
      DECK_TRACING_ENABLED: 'false',
      DECK_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces',
    },
    upstreams: {
      'order-service.upstream': [`127.0.0.1:${order.port}`],
      'inventory-service.upstream': [`127.0.0.1:${inventory.port}`],
      'account-service.upstream': [`127.0.0.1:${accountServer.port}`],
      'notification-service.upstream': [`127.0.0.1:${notificationServer.port}`],
      'docs-pages.upstream': [`127.0.0.1:${order.port}`],
    },
    logger: silent,
    now: () => minute * 60_000,
  });
  atEnd(() => gateway.close());
  send = sender(gateway.port);
});
beforeEach(() => {
  minute += 2;
});

function sender(port: number) {
  return (method: string, path: string, headers: Headers, body?: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body && JSON.stringify(body);
      const framing = text ? ['Content-Type', 'application/json', 'Content-Length', String(text.length)] : [];
      const all = ['Host', 'shop.example', ...headers, ...framing];
      // An array keeps header lines that are repeated.
      const options = { port, host: '127.0.0.1', method, path, headers: all } as unknown as http.RequestOptions;
      const req = http.request(options, (res) => {
        // A stream does not end by itself.
        if (res.headers['content-type']?.startsWith('text/event-stream')) {
          res.destroy();
          resolve({ status: res.statusCode ?? 0, code: undefined, body: {} });
          return;
        }
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          const content = JSON.parse(Buffer.concat(chunks).toString() || '{}');
          resolve({ status: res.statusCode ?? 0, code: content.code, body: content });
        });
      });
      req.on('error', reject);
      req.end(text);
    });
}

const pathOf = ({ template }: DescribedOperation) => template.replace(/\{[^}]+\}/g, account);
const groupsOf = ({ security }: DescribedOperation) => security.flatMap(({ apikey = [] }) => apikey);
const isOpen = (operation: DescribedOperation) => operation.security.length === 0;
/** Whether no machine may call it. Its route is open, and the service refuses. */
const isForPeopleOnly = (operation: DescribedOperation) => !isOpen(operation) && groupsOf(operation).length === 0;
/** Whether people have a route, where the service decides about them. */
const takesPeople = (operation: DescribedOperation) =>
  isOpen(operation) ||
  forShoppers.includes(operation.operationId) ||
  groupsOf(operation).some((group) => group !== 'storefront');
/** Without a body, a version or an Idempotency-Key, and for an order that nobody has. */
const LET_IN = [200, 204, 400, 404, 428];

const isForEveryPerson = ({ operationId }: DescribedOperation) => forEveryPerson.includes(operationId);

const shopperToken = () => issuer.shopper(account);
const staffToken = (...roles: Role[]) => issuer.staff(account, roles);
const byKey = (key: string) => ['apikey', key];
const byCookie = (kind: 'shopper' | 'staff', token: string) => ['X-Caller', kind, 'Cookie', `__Host-${kind}=${token}`];
const byBearer = (kind: 'shopper' | 'staff', token: string) => ['X-Caller', kind, 'Authorization', `Bearer ${token}`];
const FORGED = ['X-Consumer-Custom-ID', 'backoffice-1', 'X-Consumer-Groups', 'backoffice, operations'];

/** Who calls, what they send, and whether they may call an operation that is not open. */
const callers: [string, () => Promise<Headers> | Headers, (operation: DescribedOperation) => boolean][] = [
  ['nobody', () => [], () => false],
  ['a storefront', () => byKey(keys.storefront), (operation) => groupsOf(operation).includes('storefront')],
  ['another storefront', () => byKey(keys.otherStorefront), (operation) => groupsOf(operation).includes('storefront')],
  ['back office', () => byKey(keys.backoffice), (operation) => groupsOf(operation).includes('backoffice')],
  ['operations', () => byKey(keys.operations), (operation) => groupsOf(operation).includes('operations')],
  [
    'a shopper',
    async () => byCookie('shopper', await shopperToken()),
    ({ operationId }) => forShoppers.includes(operationId),
  ],
  [
    'a shopper by Bearer, whatever else it claims',
    async () => [...byBearer('shopper', await shopperToken()), ...FORGED],
    ({ operationId }) => forShoppers.includes(operationId),
  ],
  [
    'a shopper with the cookie of staff beside it',
    async () => [
      ...byCookie('shopper', await shopperToken()),
      'Cookie',
      `__Host-staff=${await staffToken('backoffice')}`,
    ],
    ({ operationId }) => forShoppers.includes(operationId),
  ],
  [
    'staff of the back office',
    async () => byCookie('staff', await staffToken('backoffice')),
    (operation) => isForEveryPerson(operation) || groupsOf(operation).includes('backoffice'),
  ],
  [
    'staff of operations',
    async () => byBearer('staff', await staffToken('operations')),
    (operation) => isForEveryPerson(operation) || groupsOf(operation).includes('operations'),
  ],
  [
    'staff with both roles',
    async () => byCookie('staff', await staffToken('backoffice', 'operations')),
    (operation) => isForEveryPerson(operation) || groupsOf(operation).some((group) => group !== 'storefront'),
  ],
  [
    'staff without a role',
    async () => byCookie('staff', await staffToken()),
    (operation) => isForEveryPerson(operation),
  ],
];

const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({ iss: 'account-service', aud: 'shop', sub: account, sid: 's', iat: now(), exp: now() + 60 });
const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const unsigned = (alg: string) => `${encoded({ alg, kid: 'shop-1' })}.${encoded(claims())}`;
const hs256 = (secret: string | Buffer) => {
  const text = unsigned('HS256');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};
const pem = () => issuer.keys.shopper.publicKey.export({ format: 'pem', type: 'spki' });
/** What never identifies anyone. */
const badTokens: [string, () => Promise<string> | string][] = [
  ['an expired token', () => issuer.shopper(account, { claims: { exp: now() - 60 } })],
  ['a token for the console', () => issuer.shopper(account, { claims: { aud: 'console' } })],
  ['a token of staff', () => staffToken('backoffice', 'operations')],
  ['a token of another issuer', () => issuer.shopper(account, { claims: { iss: 'https://issuer.example' } })],
  ['a token of an unknown key', () => issuer.shopper(account, { key: newKey('shop-2') })],
  ['a token by the key of the console', () => issuer.shopper(account, { key: issuer.keys.staff })],
  ['a token with alg none', () => `${unsigned('none')}.`],
  ['a token by HS256 and the public key', () => hs256(pem())],
  ['a token of a service', () => orderSide.INTERNAL_TOKEN],
  ['no token at all', () => 'x'],
];
const badRequests: [string, () => Promise<Headers>][] = [
  ...badTokens.flatMap(([name, make]): typeof badRequests => [
    [`${name} in the cookie`, async () => byCookie('shopper', await make())],
    [`${name} as Bearer`, async () => byBearer('shopper', await make())],
  ]),
  [
    'a cookie and Bearer',
    async () => [...byCookie('shopper', await shopperToken()), 'Authorization', `Bearer ${await shopperToken()}`],
  ],
  [
    'two cookies of the kind',
    async () => [...byCookie('shopper', await shopperToken()), 'Cookie', `__Host-shopper=${await shopperToken()}`],
  ],
  [
    'two Authorization',
    async () => [...byBearer('shopper', await shopperToken()), 'Authorization', `Bearer ${await shopperToken()}`],
  ],
  ['X-Caller twice', async () => [...byCookie('shopper', await shopperToken()), 'X-Caller', 'staff']],
  ['another X-Caller', async () => ['X-Caller', 'admin', 'Cookie', `__Host-shopper=${await shopperToken()}`]],
  ['a list as X-Caller', async () => ['X-Caller', 'shopper,staff', 'Cookie', `__Host-shopper=${await shopperToken()}`]],
];

/** Without those that look at no access token: the keys, which services read too, and what makes a session, which is asked below. */
const served = operations.filter(
  ({ operationId }) => !['readKeySet', 'verifyAccount', 'signIn', 'refreshSession'].includes(operationId),
);

describe.each(served.map((operation) => [operation.operationId, operation.document, operation] as const))(
  '%s of %s',
  (_id, _document, operation) => {
    const method = operation.method.toUpperCase();
    const call = (headers: Headers, query = '') => send(method, pathOf(operation) + query, headers);

    it.each(callers)('by %s', async (_caller, headers, mayCall) => {
      const sent = await headers();
      const { status, code } = await call(sent);
      if (isOpen(operation) || mayCall(operation)) {
        expect(LET_IN).toContain(status);
        expect(code).not.toBe('not-found');
      } else if (takesPeople(operation) && sent.includes('X-Caller')) {
        expect([status, code]).toEqual([403, 'forbidden']);
      } else if (isForPeopleOnly(operation)) {
        expect([status, code]).toEqual([401, 'not-signed-in']);
      } else {
        // By the gateway, whose refusals have no code.
        expect([status, code]).toEqual([sent.includes('apikey') ? 403 : 401, undefined]);
      }
    });

    it('by bad tokens', async () => {
      for (const [name, headers] of badRequests) {
        const { status, code } = await call(await headers());
        expect([name, status]).toEqual([name, 401]);
        expect([name, code]).toEqual([name, code && 'not-signed-in']);
      }
    });

    it('by a person whose token is not where it belongs', async () => {
      const token = await shopperToken();
      for (const [headers, query] of [
        [['Cookie', `__Host-shopper=${token}`], ''],
        [['Authorization', `Bearer ${token}`], ''],
        [['X-Caller', 'shopper'], `?access_token=${token}`],
        [['X-Caller', 'shopper', 'Cookie', `__host-shopper=${token}`], ''],
        [['X-Caller', 'shopper', 'Cookie', `shopper=${token}`], ''],
        [['X-Caller', 'shopper', 'Cookie', `a=__Host-shopper=${token}`], ''],
      ] as [Headers, string][]) {
        const { status } = await call(headers, query);
        expect([headers, isOpen(operation) ? LET_IN.includes(status) : status === 401]).toEqual([headers, true]);
      }
    });

    it('by a person who claims to be a machine', async () => {
      for (const headers of [
        ['X-Caller', 'staff', ...FORGED],
        ['X-Caller', 'staff', ...FORGED, 'Connection', 'x-caller'],
        ['X-Caller', 'staff', ...FORGED, 'X-Gateway-Token', orderSide.GATEWAY_TOKEN],
        FORGED,
      ]) {
        const { status } = await call(headers);
        expect([headers, isOpen(operation) ? LET_IN.includes(status) : status === 401]).toEqual([headers, true]);
      }
      const stripped = await call(['X-Caller', 'staff', ...FORGED, 'Connection', 'x-gateway-token']);
      expect([stripped.status, stripped.code]).toEqual([401, takesPeople(operation) ? 'gateway-required' : undefined]);
    });

    it('by a page of another site', async () => {
      const headers = [...byCookie('shopper', await shopperToken()), 'Sec-Fetch-Site', 'cross-site'];
      const expected = takesPeople(operation) ? [403, 'forbidden'] : [401, undefined];
      const { status, code } = await call(headers);
      expect([status, code]).toEqual(expected);
    });

    it('by a person who sends an API key too', async () => {
      const { status, code } = await call([...byCookie('shopper', await shopperToken()), ...byKey(keys.backoffice)]);
      if (isOpen(operation) || forShoppers.includes(operation.operationId)) expect(LET_IN).toContain(status);
      else expect([status, code]).toEqual([403, takesPeople(operation) ? 'forbidden' : undefined]);
    });
  },
);

describe('what makes a session', () => {
  /** Signs in to the console too. Nobody's access token here is for this account. */
  const grace = { email: 'grace@example.org', password: accountSide.PASSWORD };
  let graceId: string;
  beforeAll(async () => {
    graceId = await accountSide.createAccount(accounts.service, accounts.pool, grace.email);
    await accounts.pool.query(`UPDATE accounts SET roles = '{operations}' WHERE id = $1`, [graceId]);
  });

  const kindIn = (headers: Headers) =>
    headers.includes('X-Caller') ? headers[headers.indexOf('X-Caller') + 1] : undefined;
  const audienceOf = (session: Answer) =>
    JSON.parse(Buffer.from(String(session.body.accessToken).split('.')[1] ?? '', 'base64url').toString()).aud;
  const accountIn = ({ body }: Answer) => (body.account as { id: string } | undefined)?.id;
  const signIn = (headers: Headers) => send('POST', '/sessions', headers, { ...grace, bearer: true });
  const refresh = (headers: Headers, refreshToken: unknown) =>
    send('POST', '/sessions/refresh', headers, { refreshToken });
  const verify = async (headers: Headers, bearer: boolean) => {
    const token = await accountSide.signUp(accounts.service, accounts.pool, `${randomUUID()}@example.org`);
    return send('POST', '/accounts/verification', headers, { token, password: grace.password, name: 'New', bearer });
  };

  it.each(callers)('is open to %s, who says with X-Caller for whom; nothing else says so', async (_caller, make) => {
    const headers = await make();
    const kind = kindIn(headers);
    const [signedIn, verified] = [await signIn(headers), await verify(headers, false)];
    expect(verified.status).toBe(201);
    if (kind === undefined) {
      expect([signedIn.status, signedIn.code]).toEqual([400, 'validation-failed']);
      expect([(await refresh(headers, 'x')).code, (await verify(headers, true)).code]).toEqual(
        Array(2).fill('validation-failed'),
      );
      return;
    }
    const refreshed = await refresh(headers, signedIn.body.refreshToken);
    const audience = kind === 'staff' ? 'console' : 'shop';
    for (const [session, status] of [
      [signedIn, 201],
      [refreshed, 200],
    ] as const) {
      expect([session.status, accountIn(session), audienceOf(session)]).toEqual([status, graceId, audience]);
    }
  });

  const tokenFault = (token: string) => (token.length > 200 ? 'validation-failed' : 'session-ended');
  it('does not look at access tokens, which may have expired, and takes none for a refresh token', async () => {
    for (const [name, make] of badTokens) {
      const token = await make();
      for (const headers of [byCookie('shopper', token), byBearer('shopper', token)]) {
        expect([name, (await signIn(headers)).status]).toEqual([name, 201]);
        const { status, code } = await refresh(headers, undefined);
        expect([name, status, code]).toEqual([name, 401, 'not-signed-in']);
      }
      // A long one cannot be a refresh token, a short one is none that is known.
      const { status, code } = await refresh(['X-Caller', 'shopper'], token);
      expect([name, [400, 401].includes(status), code]).toEqual([name, true, tokenFault(token)]);
    }
  });

  it.each([
    ['X-Caller twice', ['X-Caller', 'shopper', 'X-Caller', 'staff'], 400, 'validation-failed'],
    ['another X-Caller', ['X-Caller', 'admin'], 400, 'validation-failed'],
    ['a page of another site', ['X-Caller', 'shopper', 'Sec-Fetch-Site', 'cross-site'], 403, 'forbidden'],
    ['X-Caller that is to be dropped', ['X-Caller', 'staff', 'Connection', 'x-caller'], 400, 'validation-failed'],
    ['a dropped token of the gateway', ['X-Caller', 'staff', 'Connection', 'x-gateway-token'], 401, 'gateway-required'],
  ] as const)('makes none for %s', async (_what, headers, status, code) => {
    for (const answer of [await signIn(headers), await refresh(headers, 'x'), await verify(headers, true)]) {
      expect([answer.status, answer.code]).toEqual([status, code]);
    }
  });
});

describe('what belongs to a shopper', () => {
  const [ada, bob] = [randomUUID(), randomUUID()];
  const as = async (id: string) => byCookie('shopper', await issuer.shopper(id));

  /** An order as shopping-service will place it for a shopper; or of a machine, for a customer of the same name. */
  async function placed(customerId: string, clientId = 'web'): Promise<string> {
    const { body } = await send(
      'POST',
      '/orders',
      [...byKey(keys.storefront), 'Idempotency-Key', randomUUID()],
      orderSide.anOrder({ customerId }),
    );
    const id = String(body.orderId ?? body.id);
    await orders.pool.query('UPDATE orders SET client_id = $2 WHERE id = $1', [id, clientId]);
    return id;
  }

  it('is its orders of the shop, and none of a machine', async () => {
    const [hers, his, ofMachine] = [await placed(ada), await placed(bob), await placed(ada, 'storefront-1')];
    const listed = await send('GET', '/orders', await as(ada));
    expect((listed.body.items as { id: string }[]).map(({ id }) => id)).toEqual([hers]);
    for (const path of ['', '/timeline']) {
      expect((await send('GET', `/orders/${hers}${path}`, await as(ada))).status).toBe(200);
      for (const other of [his, ofMachine]) {
        const { status, code } = await send('GET', `/orders/${other}${path}`, await as(ada));
        expect([status, code]).toEqual([404, 'order-not-found']);
      }
    }
    const keyed = [...(await as(ada)), 'Idempotency-Key', 'k-other'];
    expect((await send('POST', `/orders/${his}/cancellation`, keyed)).code).toBe('order-not-found');
    for (const query of ['customerId=x', 'clientId=web']) {
      expect((await send('GET', `/orders?${query}`, await as(ada))).code).toBe('validation-failed');
    }
    const ofStaff = byCookie('staff', await issuer.staff(bob, ['backoffice']));
    const { body } = await send('GET', `/orders?customerId=${ada}&clientId=web`, ofStaff);
    expect((body.items as { id: string }[]).map(({ id }) => id)).toEqual([hers]);
  });

  it('is the answer under its Idempotency-Key: nobody else sees it who sends the same key', async () => {
    const [hers, his] = [await placed(ada), await placed(bob)];
    const key = ['Idempotency-Key', 'one-key-for-all'];
    const first = await send('POST', `/orders/${hers}/cancellation`, [...(await as(ada)), ...key], { reason: 'hers' });
    const second = await send('POST', `/orders/${his}/cancellation`, [...(await as(bob)), ...key], { reason: 'his' });
    const third = await send('POST', `/orders/${hers}/cancellation`, [...(await as(bob)), ...key], { reason: 'hers' });
    const staff = byBearer('staff', await issuer.staff(ada, ['backoffice']));
    const fourth = await send('POST', `/orders/${his}/cancellation`, [...staff, ...key], { reason: 'his' });
    expect([first.body.id, second.body.id, fourth.body.id]).toEqual([hers, his, his]);
    expect([third.status, third.code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('names the person in the timeline', async () => {
    const [cancelled, shipped] = [await placed(ada), await placed(ada)];
    const actorsOf = async (id: string) =>
      (
        (await send('GET', `/orders/${id}/timeline`, await as(ada))).body.items as { type: string; actor: string }[]
      ).map(({ type, actor }) => `${type} by ${actor}`);
    await send('POST', `/orders/${cancelled}/cancellation`, [...(await as(ada)), 'Idempotency-Key', 'k-1']);
    expect(await actorsOf(cancelled)).toContain(`cancelled by shopper:${ada}`);
    const staff = byCookie('staff', await issuer.staff(bob, ['backoffice']));
    const parcel = { carrier: 'DHL', trackingNumber: '1' };
    await send('POST', `/orders/${shipped}/shipment`, [...staff, 'Idempotency-Key', 'k-2'], parcel);
    expect(await actorsOf(shipped)).toContain(`shipped by staff:${bob}`);
  });
});

describe('what staff of the back office changes', () => {
  it('stands in the ledger with the person and the reason', async () => {
    const person = randomUUID();
    const staff = byCookie('staff', await issuer.staff(person, ['backoffice']));
    const keyed = () => [...staff, 'Idempotency-Key', randomUUID()];
    await send('POST', '/products', keyed(), { sku: 'JAR', name: 'Jar' });
    const adjustments = [{ key: 'delivery-1', sku: 'JAR', delta: 12, reason: 'delivery' }];
    const batch = await send('POST', '/products/adjustments', keyed(), { adjustments });
    expect(batch.body.results).toEqual([{ key: 'delivery-1', onHand: 12 }]);
    // Another person's key of the same name is another key.
    const other = byCookie('staff', await issuer.staff(randomUUID(), ['backoffice']));
    const again = await send('POST', '/products/adjustments', [...other, 'Idempotency-Key', 'k'], { adjustments });
    expect(again.body.results).toEqual([{ key: 'delivery-1', onHand: 24 }]);
    expect((await send('POST', '/products/JAR/counts', keyed(), { counted: 20, expected: 24 })).status).toBe(200);
    const late = await send('POST', '/products/JAR/counts', keyed(), { counted: 19, expected: 24 });
    expect([late.status, late.code, late.body.onHand]).toEqual([409, 'stock-changed', 20]);

    const { body } = await send('GET', '/products/JAR/movements', staff);
    const lines = body.items as { actor: string; deltaOnHand: number; reason: string }[];
    expect(lines.map(({ deltaOnHand, reason }) => [deltaOnHand, reason])).toEqual([
      [-4, 'count'],
      [12, 'delivery'],
      [12, 'delivery'],
    ]);
    expect(lines.filter(({ actor }) => actor === `staff:${person}`)).toHaveLength(2);
    const low = await send('GET', '/products?sort=available', staff);
    expect((low.body.items as { sku: string }[]).map(({ sku }) => sku)).toEqual(['JAR', 'MUG']);
  });
});
