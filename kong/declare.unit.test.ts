import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allRoutes, readDeclaration } from '@shop/stand-in/declaration.ts';
import { DOCS_UPSTREAM } from '../services.ts';
import { checkedInKongYml } from './checked-in.ts';
import { kongYml } from './declare.ts';

const gatewayYml = readFileSync(join(__dirname, 'gateway.yml'), 'utf8');
const variables = {
  DECK_STOREFRONT_KEY: 'key-1',
  DECK_OTHER_STOREFRONT_KEY: 'key-2',
  DECK_BACKOFFICE_KEY: 'key-3',
  DECK_OPERATIONS_KEY: 'key-4',
  DECK_GATEWAY_TOKEN: 'c0ffee',
  DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
  DECK_RATE_LIMIT_PER_MINUTE: '60000',
  DECK_ROUTE_PROTOCOLS: '[http, https]',
  DECK_TRACING_ENABLED: 'false',
  DECK_TRACES_ENDPOINT: 'http://collector:4318/v1/traces',
};

/** What a route without key-auth sends. */
const keylessToken = (route: string) => ({
  name: 'request-transformer',
  instance_name: `${route}-token`,
  config: {
    remove: { headers: ['apikey'] },
    replace: { headers: ['X-Gateway-Token:c0c0a0'] },
    add: { headers: ['X-Gateway-Token:c0c0a0'] },
  },
});

type Calls = Record<string, { route?: string; callers?: string[]; perMinute?: number }>;

/** A service whose document has these calls, by method and path. */
function serviceWith(calls: Calls, name = 'parcel') {
  const paths: Record<string, Record<string, object>> = {};
  for (const [call, { route, callers = ['backoffice'], perMinute }] of Object.entries(calls)) {
    const [method = '', path = ''] = call.split(' ');
    paths[path] ??= {};
    Object.assign(paths[path], {
      [method]: {
        operationId: `${method}${path}`,
        'x-gateway-route': route,
        'x-callers': callers,
        'x-requests-per-minute': perMinute,
      },
    });
  }
  return {
    folder: `${name}-service`,
    path: `${name}s`,
    upstream: `${name}-service.upstream`,
    document: JSON.stringify({ info: { summary: 'Parcels on their way' }, paths }),
  };
}

const order = serviceWith({ 'get /health/orders': { route: 'health-orders', callers: ['anyone'] } }, 'order');

/** The routes as read by the local gateway, which also validates the text. */
function routesOf(...services: ReturnType<typeof serviceWith>[]) {
  const declaration = readDeclaration(kongYml(gatewayYml, [order, ...services]), variables);
  const found = allRoutes(declaration).filter(({ service }) => service?.name === 'parcel-service');
  return Object.fromEntries(found.map(({ route }) => [route.name, route]));
}

it('kong.yml is up to date', () => {
  if (readFileSync(join(__dirname, 'kong.yml'), 'utf8') === checkedInKongYml(join(__dirname, '..'))) return;
  throw new Error('kong/kong.yml is outdated: run npm run gateway');
});

describe('kongYml', () => {
  it('gives each operation a route for its method, its path and its callers', () => {
    const routes = routesOf(
      serviceWith({
        'get /parcels/{id}/label.pdf': { route: 'parcels-label', callers: ['storefront', 'backoffice'] },
        'get /health/parcels': { route: 'health-parcels', callers: ['anyone'] },
        'get /operations/parcels/lost': { route: 'operations-parcels-lost', callers: ['operations'] },
      }),
    );
    expect(routes['parcels-label']).toMatchObject({
      methods: ['GET', 'HEAD'],
      paths: [{ segments: ['parcels', undefined, 'label.pdf'] }],
      tags: ['parcels', 'callers:storefront', 'callers:backoffice'],
      plugins: [
        { name: 'key-auth', config: { hide_credentials: true, key_in_query: false } },
        { name: 'acl', config: { allow: ['storefront', 'backoffice'] } },
      ],
    });
    expect(routes['health-parcels']).toMatchObject({
      tags: ['parcels', 'keyless'],
      plugins: [keylessToken('health-parcels')],
    });
    expect(routes['operations-parcels-lost']?.tags).toEqual(['parcels', 'operations', 'callers:operations']);
  });

  it('gives people a route of their own beside that of machines, by header', () => {
    const routes = routesOf(serviceWith({ 'get /parcels': { route: 'parcels', callers: ['backoffice', 'staff'] } }));
    expect(routes.parcels).toMatchObject({ headers: [], tags: ['parcels', 'callers:backoffice'] });
    expect(routes['parcels-people']).toMatchObject({
      methods: ['GET', 'HEAD'],
      paths: [{ segments: ['parcels'] }],
      headers: [{ name: 'x-caller' }],
      tags: ['parcels', 'keyless', 'people'],
      plugins: [{ name: 'rate-limiting', config: { limit_by: 'ip', minute: 600 } }, keylessToken('parcels-people')],
    });
    const [header] = routes['parcels-people']?.headers ?? [];
    expect(['shopper', 'staff', 'Staff', 'admin'].map((value) => header?.matches(value))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('gives an operation for people alone one open route', () => {
    const routes = routesOf(serviceWith({ 'get /me': { route: 'me', callers: ['shopper', 'staff'], perMinute: 20 } }));
    expect(Object.keys(routes)).toEqual(['me']);
    expect(routes.me).toMatchObject({
      headers: [],
      tags: ['parcels', 'keyless'],
      plugins: [{ name: 'rate-limiting', config: { limit_by: 'ip', minute: 20 } }, keylessToken('me')],
    });
  });

  it('ranks routes for people among themselves', () => {
    const callers = ['backoffice', 'staff'];
    const routes = routesOf(
      serviceWith({
        'get /parcels/{id}': { route: 'any', callers },
        'get /parcels/lost': { route: 'lost', callers },
      }),
    );
    const priorities = Object.entries(routes).map(([name, route]) => [name, route.regex_priority]);
    expect(Object.fromEntries(priorities)).toEqual({ any: 0, 'any-people': 0, lost: 1, 'lost-people': 1 });
  });

  it('makes one route of operations that share a name', () => {
    const routes = routesOf(
      serviceWith({ 'get /parcels': { route: 'parcels' }, 'post /parcels': { route: 'parcels' } }),
    );
    expect(routes.parcels?.methods).toEqual(['GET', 'HEAD', 'POST']);
  });

  it('puts the more exact of two paths first, at priorities that Kong can rank', () => {
    const routes = routesOf(
      serviceWith({
        'get /parcels/{id}/{part}': { route: 'any' },
        'get /parcels/{id}/label': { route: 'label' },
        'get /parcels/lost/label': { route: 'lost-label' },
        'post /parcels/lost/label': { route: 'other-method' },
        'get /parcels/{id}': { route: 'other-length' },
      }),
    );
    const priorities = Object.entries(routes).map(([name, route]) => [name, route.regex_priority]);
    expect(Object.fromEntries(priorities)).toEqual({
      any: 0,
      label: 1,
      'lost-label': 4,
      'other-method': 0,
      'other-length': 0,
    });
  });

  it('gives an operation its own limit', () => {
    const routes = routesOf(serviceWith({ 'post /parcels': { route: 'parcels', perMinute: 30 } }));
    expect(routes.parcels?.plugins.at(-1)).toMatchObject({
      name: 'rate-limiting',
      instance_name: 'parcels-limit',
      config: { minute: 30, limit_by: 'consumer', policy: 'local' },
    });
  });

  it('routes the pages for people to all processes of their server', () => {
    const { upstreams, services } = readDeclaration(kongYml(gatewayYml, [order]), variables);
    expect(upstreams.find(({ name }) => name === 'web.upstream')?.targets.map(({ target }) => target)).toEqual([
      'web:3000',
    ]);
    expect(services.find(({ name }) => name === 'web')?.host).toBe('web.upstream');
  });

  it('balances the pages for people over all services', () => {
    const parcels = serviceWith({ 'get /parcels': { route: 'parcels' } });
    const { upstreams } = readDeclaration(kongYml(gatewayYml, [order, parcels]), variables);
    const targets = upstreams.find(({ name }) => name === DOCS_UPSTREAM)?.targets.map(({ target }) => target);
    expect(targets).toEqual(['order-service:3000', 'parcel-service:3000']);
  });

  it.each<[string, Calls, RegExp]>([
    ['an operation without a route', { 'get /parcels': {} }, /get\/parcels: x-gateway-route/],
    ['an operation without callers', { 'get /parcels': { route: 'parcels', callers: [] } }, /x-callers is empty/],
    [
      'a route with two paths',
      { 'get /parcels': { route: 'parcels' }, 'get /parcels/{id}': { route: 'parcels' } },
      /parcels: operations of one route/,
    ],
    [
      'a route with callers that differ',
      { 'get /parcels': { route: 'parcels' }, 'post /parcels': { route: 'parcels', callers: ['storefront'] } },
      /parcels: operations of one route/,
    ],
    [
      'a route with the name of one for people',
      {
        'get /parcels': { route: 'parcels', callers: ['backoffice', 'staff'] },
        'get /people': { route: 'parcels-people' },
      },
      /parcels-people: two services/,
    ],
    [
      'a call of machines that the route for people of a wider path would take',
      {
        'get /parcels/{id}': { route: 'any', callers: ['backoffice', 'staff'] },
        'get /parcels/lost': { route: 'lost', callers: ['storefront'] },
      },
      /lost: with X-Caller, its calls would take the route any-people/,
    ],
    ['a route of another service', { 'get /parcels': { route: 'health-orders' } }, /two services have a route/],
    [
      'a path with half a parameter',
      { 'get /parcels/{id}.pdf': { route: 'parcels' } },
      /a segment must be one parameter/,
    ],
    [
      'paths of which neither is more exact',
      { 'get /parcels/{id}/label': { route: 'label' }, 'get /parcels/lost/{part}': { route: 'lost' } },
      /label and lost match the same calls/,
    ],
    [
      'one call twice',
      { 'get /parcels/{id}': { route: 'by-id' }, 'get /parcels/{number}': { route: 'by-number' } },
      /by-id and by-number match the same calls/,
    ],
  ])('refuses %s', (_what, calls, fault) => {
    expect(() => kongYml(gatewayYml, [order, serviceWith(calls)])).toThrow(fault);
  });

  it.each([
    ['an unknown placeholder', `${gatewayYml}# <<pages>>\n`, /# <<pages>> is unknown or repeated/],
    ['no placeholder for the services', gatewayYml.replace('# <<services>>', ''), /lacks a line for services/],
  ])('refuses gateway.yml with %s', (_what, text, fault) => {
    expect(() => kongYml(text, [order])).toThrow(fault);
  });
});
