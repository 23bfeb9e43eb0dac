import { checkExchange, type Exchange } from './check-exchange.ts';
import { operations } from './documents.ts';

const place = operations.find(({ operationId }) => operationId === 'placeOrder');
const exampleOf = (status: number, mediaType: string, name: string) =>
  place?.responses[status]?.content?.[mediaType]?.examples?.[name]?.value as object;
const order = exampleOf(201, 'application/json', '201');
const id = 'a'.repeat(32);
const sent = { customerId: 'ada', currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1 }] };
const withKey = { apikey: 'k', 'idempotency-key': 'one', 'content-type': 'application/json' };

interface Case {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: unknown;
  status?: number;
  answerHeaders?: Record<string, string>;
  answer?: unknown;
}

function exchange(one: Case): Exchange {
  const { method = 'POST', path = '/orders', headers = withKey, body = sent, status = 201, answer = order } = one;
  const { answerHeaders = status === 201 ? { location: '/orders/1' } : {} } = one;
  const problem = status >= 400 ? 'application/problem+json' : 'application/json; charset=utf-8';
  const all = { 'content-type': problem, 'x-kong-request-id': id, date: 'today', ...answerHeaders };
  return {
    method,
    path,
    headers: new Headers(headers),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    answer: { status, headers: new Headers(all), text: typeof answer === 'string' ? answer : JSON.stringify(answer) },
  };
}
const refusal = (status: number, code: string): Case => ({
  status,
  answer: exampleOf(status, 'application/problem+json', code),
});
const gateway = (status: number): Case => ({
  status,
  answer: { type: 'https://orders.example/problems/gateway', title: 'x', help: 'y', traceId: id },
  answerHeaders: {
    'content-type': 'application/json; charset=utf-8',
    ...(status === 403 && { 'x-allowed-groups': 'storefront' }),
  },
});

describe('checkExchange passes', () => {
  it.each<[string, Case]>([
    ['a described success', {}],
    ['a replayed one', { answerHeaders: { location: '/orders/1', 'idempotent-replayed': 'true' } }],
    ['a described refusal of a valid request', refusal(409, 'order-rejected')],
    ['a refused body', { body: { customerId: 1 }, ...refusal(400, 'validation-failed') }],
    ['a refused text', { body: 'nonsense', ...refusal(400, 'invalid-json') }],
    ['a refused key', { headers: { apikey: 'k' }, ...refusal(400, 'idempotency-key-missing') }],
    [
      'a refused media type',
      { headers: { ...withKey, 'content-type': 'a/b' }, ...refusal(415, 'unsupported-media-type') },
    ],
    ['a refusal of the gateway', { ...gateway(403) }],
    ['no apikey and 401', { headers: {}, ...gateway(401) }],
    ['an undescribed path and 404', { path: '/nowhere', ...gateway(404) }],
    [
      'a literal path beside one with a parameter',
      {
        method: 'GET',
        path: '/operations/orders/dead-letters/groups',
        status: 200,
        answer: { items: [] },
        answerHeaders: {},
      },
    ],
  ])('%s', (_what, one) => {
    expect(() => checkExchange(exchange(one))).not.toThrow();
  });
});

describe('checkExchange fails', () => {
  it.each<[string, Case, RegExp]>([
    ['an undescribed status', { status: 418 }, /status 418 is not described/],
    ['an undescribed member', { answer: { ...order, discount: 1 } }, /additional properties/],
    ['a missing member', { answer: {} }, /required property 'id'/],
    ['another type', { answer: { ...order, version: '2' } }, /version must be integer/],
    ['a time without milliseconds', { answer: { ...order, createdAt: '2026-01-05T09:30:00Z' } }, /createdAt/],
    [
      'an undescribed header',
      { answerHeaders: { location: '/o', 'x-powered-by': 'x' } },
      /x-powered-by is not described/,
    ],
    ['a missing header', { answerHeaders: {} }, /location is missing/],
    ['a wrong header', { answerHeaders: { location: 'o' } }, /location: o must match pattern/],
    [
      'another media type',
      { answerHeaders: { location: '/o', 'content-type': 'text/html' } },
      /text\/html is not described/,
    ],
    ['text instead of JSON', { answer: 'ok' }, /is not JSON/],
    [
      'another code’s members',
      {
        status: 409,
        answer: { ...exampleOf(409, 'application/problem+json', 'order-cancelled'), code: 'order-rejected' },
      },
      /oneOf/,
    ],
    ['a forbidden body that is accepted', { body: { ...sent, discount: 1 } }, /201, although the body/],
    [
      'a forbidden key that is accepted',
      { headers: { ...withKey, 'idempotency-key': 'a b' } },
      /201, although Idempotency-Key/,
    ],
    [
      'a missing apikey that is accepted',
      { headers: { 'idempotency-key': 'k', 'content-type': 'application/json' } },
      /no apikey/,
    ],
    [
      'a forbidden query that is accepted',
      { method: 'GET', path: '/orders?limit=101', status: 200, answer: { items: [] }, answerHeaders: {} },
      /limit must be <= 100/,
    ],
    [
      'an unknown parameter that is accepted',
      { method: 'GET', path: '/orders?page=1', status: 200, answer: { items: [] }, answerHeaders: {} },
      /no parameter page/,
    ],
    [
      'a refusal with the wrong status',
      { body: 'nonsense', ...refusal(409, 'order-rejected') },
      /409, although the body is not JSON/,
    ],
    ['a success for an undescribed path', { path: '/nowhere', status: 200 }, /no document has this operation/],
  ])('%s', (_what, one, message) => {
    expect(() => checkExchange(exchange(one))).toThrow(message);
  });
});
