import express, { type Express, type RequestHandler } from 'express';
import request from 'supertest';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics } from '../base/telemetry/metrics.ts';
import { gatewayOnly, identifyClient, internalOnly, principalOf } from './callers.ts';
import { contextOf, requestContext } from './context.ts';
import { problemHandler } from './problem.ts';

const TOKEN = 'g'.repeat(32);
const CONSUMER = { 'x-consumer-custom-id': 'storefront-1', 'x-consumer-groups': 'storefront, partners' };

const metrics = createMetrics('test', '0');

/** Returns the identified principal, after these checks. */
function serve(...checks: RequestHandler[]): Express {
  const app = express().use(requestContext({ metrics, log: createLogger('test', 'silent') }), ...checks);
  app.get('/identified', (_req, res) => {
    res.json(principalOf(res));
  });
  app.get('/open', (_req, res) => {
    res.json({ principal: contextOf(res).principal });
  });
  return app.use(problemHandler);
}

describe('the principal of a request through the gateway', () => {
  const keyed = () => serve(gatewayOnly([TOKEN]), identifyClient());

  it('is the machine that the gateway names, with all its groups', async () => {
    const { body } = await request(keyed()).get('/identified').set(CONSUMER).set('x-gateway-token', TOKEN).expect(200);
    expect(body).toEqual({ kind: 'machine', clientId: 'storefront-1', groups: ['storefront', 'partners'] });
  });

  it('is undefined on an open route, whatever the headers claim', async () => {
    const open = serve(gatewayOnly([TOKEN]));
    const { body } = await request(open).get('/open').set(CONSUMER).set('x-gateway-token', TOKEN).expect(200);
    expect(body).toEqual({});
  });

  it.each([
    ['without the gateway’s token', {}],
    ['with a service’s token', { authorization: `Bearer ${TOKEN}` }],
  ])('is not made %s', async (_case, headers) => {
    await request(keyed()).get('/identified').set(CONSUMER).set(headers).expect(401);
  });

  it('is not made where nothing has checked the gateway’s token', async () => {
    const unchecked = serve(identifyClient());
    await request(unchecked).get('/identified').set(CONSUMER).set('x-gateway-token', TOKEN).expect(500);
  });

  it('cannot be read on a route that identifies no caller', async () => {
    await request(serve(gatewayOnly([TOKEN])))
      .get('/identified')
      .set('x-gateway-token', TOKEN)
      .expect(500);
  });
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
    const { body } = await request(internal()).get('/identified').set('authorization', `Bearer ${sent}`).expect(200);
    expect(body).toEqual({ kind: 'service', name: caller });
    const { values } = await metrics.internalRequests.get();
    expect(values).toMatchObject([{ labels: { caller, token }, value: 1 }]);
  });

  it('is not made by an unknown token, whatever other headers claim', async () => {
    const headers = { ...CONSUMER, 'x-gateway-token': TOKEN, authorization: `Bearer ${TOKEN}` };
    const { body } = await request(internal()).get('/identified').set(headers).expect(401);
    expect(body.code).toBe('internal-token-required');
  });
});
