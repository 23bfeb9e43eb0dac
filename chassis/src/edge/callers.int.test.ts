import express, { type Express, type RequestHandler, Router } from 'express';
import request from 'supertest';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { createTokenIssuer } from '../testing/token-issuer.ts';
import { gatewayOnly, identifyCallers, internalOnly, principalOf } from './callers.ts';
import { contextOf, requestContext } from './context.ts';
import type { CalledOperation } from './openapi/callers.ts';
import { createPeople } from './people/people.ts';
import { problemHandler } from './problem.ts';

const [KEYED, KEYLESS] = ['g'.repeat(32), 'k'.repeat(32)] as const;
const CONSUMER = { 'x-consumer-custom-id': 'storefront-1', 'x-consumer-groups': 'storefront, partners' };
const BY_KEY = { ...CONSUMER, 'x-gateway-token': KEYED };

const metrics = createMetrics('test', '0');
const issuer = createTokenIssuer();
const people = createPeople({ publicUrl: undefined, keys: issuer.signingKeys });

/** Returns the identified principal, after these checks. */
function serve(...checks: RequestHandler[]): Express {
  const app = express().use(requestContext({ metrics, log: createLogger('test', 'silent') }), ...checks);
  app.get(['/keyed', '/mixed', '/signed-in', '/things/:id'], (_req, res) => {
    res.json(principalOf(res));
  });
  app.get('/open', (_req, res) => {
    res.json({ principal: contextOf(res).principal });
  });
  app.get('/undocumented', (_req, res) => {
    res.json({});
  });
  return app.use(problemHandler);
}

const operations: CalledOperation[] = [
  { method: 'get', path: '/keyed', groups: ['storefront'] },
  { method: 'get', path: '/mixed', groups: ['backoffice'], people: ['shopper'] },
  { method: 'get', path: '/signed-in', groups: [], people: ['shopper', 'staff'] },
  { method: 'get', path: '/open', groups: [] },
  { method: 'get', path: '/things/{id}', groups: ['storefront'] },
  { method: 'get', path: '/things/all', groups: ['storefront'], people: ['shopper'] },
];
const pages = Router().get('/page', (_req, res) => {
  res.json({});
});
const identify = identifyCallers(operations, people, pages);
const app = serve(gatewayOnly({ keyed: [KEYED], keyless: [KEYLESS] }), identify);

/** What a person sends, and what the gateway adds. */
const signedIn = (kind: 'shopper' | 'staff', token: string) => ({
  'x-gateway-token': KEYLESS,
  'x-caller': kind,
  authorization: `Bearer ${token}`,
});

describe('the principal of a request with an API key', () => {
  it('is the machine that the gateway names, with all its groups', async () => {
    const { body } = await request(app).get('/keyed').set(BY_KEY).expect(200);
    expect(body).toEqual({ kind: 'machine', clientId: 'storefront-1', groups: ['storefront', 'partners'] });
  });

  it('is the machine where people may call too, whatever a person would send', async () => {
    const token = await issuer.shopper('0195f0a0-0000-7000-8000-000000000001');
    const headers = { ...signedIn('shopper', token), ...BY_KEY };
    const { body } = await request(app).get('/mixed').set(headers).expect(200);
    expect(body.kind).toBe('machine');
  });

  it.each([
    ['without the gateway’s token', CONSUMER],
    ['with a service’s token', { ...CONSUMER, authorization: `Bearer ${KEYED}` }],
    ['with the client’s id doubled', { ...BY_KEY, 'x-consumer-custom-id': ['a', 'b'] }],
    ['without groups', { ...BY_KEY, 'x-consumer-groups': '' }],
    ['with the id of a shopper', { ...BY_KEY, 'x-consumer-custom-id': 'shopper:1' }],
    ['with the id of staff', { ...BY_KEY, 'x-consumer-custom-id': 'staff:1' }],
    ['with the client of the shop’s own orders', { ...BY_KEY, 'x-consumer-custom-id': 'web' }],
  ])('is not made %s', async (_case, headers) => {
    const { body } = await request(app).get('/keyed').set(headers).expect(401);
    expect(body.code).toBe('gateway-required');
  });

  it('is not made on a route without keys, whatever the headers claim', async () => {
    const claimed = { ...CONSUMER, 'x-gateway-token': KEYLESS };
    const { body } = await request(app).get('/open').set(claimed).expect(200);
    expect(body).toEqual({});
    for (const path of ['/keyed', '/mixed', '/signed-in']) {
      const refused = await request(app).get(path).set(claimed).expect(401);
      expect(refused.body.code).toBe('not-signed-in');
    }
  });

  it('is not made where nothing has checked the gateway’s token', async () => {
    await request(serve(identify)).get('/keyed').set(BY_KEY).expect(500);
  });

  it('cannot be asked for where nothing has identified it', async () => {
    const unidentified = serve(gatewayOnly({ keyed: [KEYED], keyless: [] }));
    await request(unidentified).get('/keyed').set(BY_KEY).expect(500);
  });
});

describe('the principal of a person', () => {
  const account = '0195f0a0-0000-7000-8000-000000000001';

  it('is a shopper or staff, with the claims of the token', async () => {
    const sid = 'session-1';
    const exp = Math.floor(Date.now() / 1000) + 60;
    const claims = { sid, exp };
    const shopper = signedIn('shopper', await issuer.shopper(account, { claims }));
    const expiresAt = new Date(exp * 1000).toISOString();
    const person = { accountId: account, sessionId: sid, expiresAt };
    expect((await request(app).get('/signed-in').set(shopper).expect(200)).body).toEqual({
      kind: 'shopper',
      ...person,
    });
    const staff = signedIn('staff', await issuer.staff(account, ['operations'], { claims }));
    expect((await request(app).get('/signed-in').set(staff).expect(200)).body).toEqual({
      kind: 'staff',
      ...person,
      roles: ['operations'],
    });
  });

  it('is known on open operations too', async () => {
    const shopper = signedIn('shopper', await issuer.shopper(account));
    const { body } = await request(app).get('/open').set(shopper).expect(200);
    expect(body.principal).toMatchObject({ kind: 'shopper', accountId: account });
  });

  it.each([
    ['a shopper', '/keyed', async () => signedIn('shopper', await issuer.shopper(account))],
    ['staff without the role', '/mixed', async () => signedIn('staff', await issuer.staff(account, ['operations']))],
    ['staff without roles', '/mixed', async () => signedIn('staff', await issuer.staff(account, []))],
    ['a shopper beside a wider path', '/things/1', async () => signedIn('shopper', await issuer.shopper(account))],
  ])('may not call what is not for %s: %s', async (_who, path, headers) => {
    const { body } = await request(app)
      .get(path)
      .set(await headers())
      .expect(403);
    expect(body.code).toBe('forbidden');
  });

  it('may call what is for a role of staff, and the more exact of two paths', async () => {
    const staff = signedIn('staff', await issuer.staff(account, ['backoffice']));
    await request(app).get('/mixed').set(staff).expect(200);
    const shopper = signedIn('shopper', await issuer.shopper(account));
    await request(app).get('/things/all').set(shopper).expect(200);
  });
});

it('answers nothing that is neither an operation nor a page', async () => {
  await request(app).get('/page').set('x-gateway-token', KEYLESS).expect(200);
  const { body } = await request(app).get('/undocumented').set(BY_KEY).expect(404);
  expect(body.code).toBe('not-found');
});

describe('the principal of a request from another service', () => {
  const [first, replaced, second] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)] as const;
  const internal = () =>
    serve(internalOnly({ 'first-service': [first, replaced], 'second-service': [second] }, metrics));

  beforeEach(() => metrics.internalRequests.reset());

  it.each([
    ['first-service', 'current', first],
    ['first-service', 'previous', replaced],
    ['second-service', 'current', second],
  ])('is %s by its %s token, and the metrics say so', async (caller, token, sent) => {
    const { body } = await request(internal()).get('/keyed').set('authorization', `Bearer ${sent}`).expect(200);
    expect(body).toEqual({ kind: 'service', name: caller });
    const { values } = await metrics.internalRequests.get();
    expect(values).toMatchObject([{ labels: { caller, token }, value: 1 }]);
  });

  it('is not made by an unknown token, whatever other headers claim', async () => {
    const headers = { ...BY_KEY, authorization: `Bearer ${KEYED}` };
    const { body } = await request(internal()).get('/keyed').set(headers).expect(401);
    expect(body.code).toBe('internal-token-required');
  });
});
