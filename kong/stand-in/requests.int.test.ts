import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { expectProblem, GATEWAY_PROBLEM, headerOf, keys, readText, sendRaw, setUp } from './testing/open-gateway.ts';

const MIB = 1024 * 1024;

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

  it('are replaced on a keyed route, each by one line, except those that Kong does not set', async () => {
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
    expect(headerOf(answer, 'apikey')).toEqual([]);
  });

  it.each([
    ['/orders', 'c0ffee'],
    ['/docs', 'c0c0a0'],
  ])('never replace the gateway token on %s', async (path, token) => {
    const { send } = await setUp();
    const headers = ['X-Gateway-Token', 'forged', 'x-gateway-token', '', 'X-GATEWAY-TOKEN', 'c0ffee,forged'];
    expect(headerOf(await send('GET', path, { as: 'storefront', headers }), 'x-gateway-token')).toEqual([token]);
  });

  it('are removed if Connection lists them, including those set by plugins', async () => {
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

  it('do not affect headers that are added last, even if Connection lists them', async () => {
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

  it('are dropped if they are connection headers or have a name that nginx refuses', async () => {
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
  it('are forwarded normalised, with an unchanged query unless a key is removed from it', async () => {
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

  it('have no route if they are not UTF-8', async () => {
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

describe('malformed HTTP requests', () => {
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

  it('to a client that sends only a part of the body is the end of the connection', async () => {
    const { gateway } = await setUp({ bodyTimeoutMs: 200 });
    const head = `POST /orders HTTP/1.1\r\nHost: a\r\napikey: ${keys.storefront}\r\nContent-Length: 100\r\n\r\n`;
    expect(await sendRaw(gateway.port, `${head}{`)).toBe('');
  });

  it('to a client that sends its headers too slowly is the end of the connection', async () => {
    const { gateway } = await setUp({ headTimeoutMs: 200 });
    expect(await sendRaw(gateway.port, 'GET / HTTP/1.1\r\nHost: a\r\n')).toBe('');
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
