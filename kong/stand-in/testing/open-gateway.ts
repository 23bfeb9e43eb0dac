import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../gateway.ts';

const kongFolder = join(__dirname, '../..');
export const kongYml = readFileSync(join(kongFolder, 'kong.yml'), 'utf8');
const errorTemplate = readFileSync(join(kongFolder, 'error-template.json'), 'utf8');

export const keys = {
  storefront: 'key-of-storefront',
  'other-storefront': 'key-of-other-storefront',
  backoffice: 'key-of-backoffice',
  operations: 'key-of-operations',
} as const;
export type Caller = keyof typeof keys | 'anonymous';

/** A request as a service received it. */
export interface Received {
  service: string;
  method: string;
  url: string;
  headers: string[];
  body: string;
}

/** What a client gets. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** Listen until the test ends; the address. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** A service that returns the received request. */
export function echo(service: string, seen: Received[]): RequestListener {
  return async (req, res) => {
    if (req.url === '/health/ready') return void res.end('ok');
    const body = await readText(req);
    const received = { service, method: req.method as string, url: req.url as string, headers: req.rawHeaders, body };
    seen.push(received);
    res.end(JSON.stringify(received));
  };
}

/** A port on which nothing can listen, because it is the local end of an open connection. */
export async function refusingAddress(): Promise<string> {
  const [host = '', port] = (await listen(http.createServer())).split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  atEnd(() => socket.destroy());
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

/** The gateway with kong.yml and echoing services, or a test's own servers in place of order-service. */
export async function setUp({ orders, declaration = kongYml, rate = 1000, ...options }: Setup = {}) {
  const seen: Received[] = [];
  const gateway = await openGateway({
    ...{ declaration, ...options },
    env: variables(rate),
    upstreams: {
      'order-service.upstream': orders ?? [await listen(http.createServer(echo('order-service', seen)))],
      'inventory-service.upstream': [await listen(http.createServer(echo('inventory-service', seen)))],
      'account-service.upstream': [await listen(http.createServer(echo('account-service', seen)))],
      'web.upstream': [await listen(http.createServer(echo('web', seen)))],
      'notification-service.upstream': [await listen(http.createServer(echo('notification-service', seen)))],
      'docs-pages.upstream': [await listen(http.createServer(echo('docs-pages', seen)))],
    },
  });
  return { gateway, seen, send: sender(gateway.port) };
}

/** The environment of a gateway that allows a consumer so many requests per minute. */
export function variables(rate: number) {
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
    DECK_GATEWAY_KEYLESS_TOKEN: 'c0c0a0',
  };
}

/** A gateway until the test ends, or closes it. */
export async function openGateway(
  options: Pick<GatewayOptions, 'declaration' | 'env' | 'upstreams' | 'now' | 'headTimeoutMs' | 'bodyTimeoutMs'>,
): Promise<Gateway> {
  const fixed = { host: '127.0.0.1', port: 0, errorTemplate, logger: createLogger('gateway', 'silent') };
  const gateway = await startGateway({ ...fixed, ...options });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= gateway.close();
    return closing;
  };
  atEnd(close);
  return { ...gateway, close };
}

interface Sent {
  as?: Caller;
  headers?: string[];
  body?: string | Buffer;
  chunked?: boolean;
}

/** Sends one request at a time on a connection of its own. */
export function sender(port: number) {
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

/** The response to a client that writes these bytes. */
export function sendRaw(port: number, text: string): Promise<string> {
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

/** The values of a header as an echoing service received it. */
export function headerOf(answer: Answer, name: string): string[] {
  const { headers } = JSON.parse(answer.text) as Received;
  return headers.flatMap((key, i) => (i % 2 === 0 && key.toLowerCase() === name ? [headers[i + 1] as string] : []));
}

const HELP = expect.stringMatching(/header apikey.*GET \/docs/);
export const GATEWAY_PROBLEM = 'https://orders.example/problems/gateway';

/** An answer of the gateway's own. */
export function expectProblem(answer: Answer, status: number, title: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  const traceId = answer.headers['x-kong-request-id'];
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.parse(answer.text)).toEqual({ type: GATEWAY_PROBLEM, title, help: HELP, traceId });
}
