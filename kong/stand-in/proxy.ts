import type { ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import type { Balancer, Target, Tries } from './balancer.ts';
import type { ServiceDeclaration } from './declaration.ts';
import { firstValue, type HeaderList, listedIn } from './headers.ts';
import { nginxRefusals, type Refusal } from './problem.ts';

export interface Forwarded {
  method: string;
  path: string;
  headers: HeaderList;
  body?: Buffer;
}

export interface ClientSide {
  remoteAddress: string;
  localPort: number;
  rawPath: string;
  requestId: string;
}

export interface Forwarder {
  /** Forwards the request and returns the response; calls `refuse` if there is none. */
  forward(request: Forwarded, res: ServerResponse, answerHeaders: string[], refuse: (refusal: Refusal) => void): void;
  close(): Promise<void>;
}

// Hop-by-hop headers, and headers that are set below. Content-Length and Host are set by nginx in Kong, and by undici here.
const NOT_FORWARDED = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy', 'proxy-connection', 'te', 'via'],
  ...['transfer-encoding', 'upgrade', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-path', 'x-forwarded-port'],
  ...['x-forwarded-prefix', 'x-forwarded-proto', 'x-kong-request-id', 'x-real-ip'],
]);

/**
 * The headers for the service. Headers listed in `Connection` are dropped, including those set by plugins: a client can remove
 * those, and the services refuse a request without them. The headers added below cannot be removed.
 */
export function forwardedHeaders(headers: HeaderList, client: ClientSide): HeaderList {
  const named = firstValue(headers, 'connection');
  const stripped = named === undefined || named === 'keep-alive' ? [] : listedIn(headers, 'connection');
  const result: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (NOT_FORWARDED.has(name) || stripped.includes(name)) continue;
    result.push(name, headers[i + 1] as string);
  }
  if (firstValue(headers, 'te') !== undefined && listedIn(headers, 'te').includes('trailers'))
    result.push('te', 'trailers');
  result.push('x-forwarded-for', appended(firstValue(headers, 'x-forwarded-for'), client.remoteAddress));
  result.push('x-forwarded-proto', 'http');
  result.push('x-forwarded-host', hostName(firstValue(headers, 'host') ?? ''));
  result.push('x-forwarded-port', String(client.localPort));
  result.push('x-forwarded-path', client.rawPath);
  result.push('x-real-ip', client.remoteAddress);
  result.push('via', appended(firstValue(headers, 'via'), '1.1 kong/3.9.3'));
  result.push('x-kong-request-id', client.requestId);
  return result;
}

function appended(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

// Hop-by-hop headers of a response; Node sets its own.
const NOT_RETURNED = new Set([
  'connection',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-kong-request-id',
]);

/** The unchanged headers of the service, then those of the gateway, which replace headers with the same name. */
export function returnedHeaders(raw: Buffer[], own: string[]): string[] {
  const ownNames = new Set<string>();
  for (let i = 0; i < own.length; i += 2) ownNames.add((own[i] as string).toLowerCase());
  const result: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as Buffer).toString('latin1');
    const lowered = name.toLowerCase();
    if (NOT_RETURNED.has(lowered) || ownNames.has(lowered)) continue;
    result.push(name, (raw[i + 1] as Buffer).toString('latin1'));
  }
  result.push(...own);
  return result;
}

// nginx: proxy_buffer_size, a page of memory.
const MAX_ANSWER_HEAD_BYTES = 4 * 1024;

/** Keep-alive connections to the targets of one service. */
export function createForwarder(service: ServiceDeclaration, balancer: Balancer): Forwarder {
  const pools = new Map(
    balancer.targets.map((target): [Target, Pool] => [
      target,
      new Pool(`http://${target.address}`, {
        connectTimeout: service.connect_timeout,
        headersTimeout: service.read_timeout,
        bodyTimeout: service.read_timeout,
      }),
    ]),
  );
  return {
    forward: (request, res, answerHeaders, refuse) => {
      forwardWithRetries(service.retries, balancer.startTries(), pools, request, res, answerHeaders, refuse);
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/**
 * Tries targets until a service responds:
 * - the connection failed: nothing was sent, so the request is retried for all methods; the algorithm selects the target;
 * - sent without a response: retried only for idempotent methods, because a POST or PATCH may have had its effect;
 * - a response started: it is returned, and if it is aborted, so is the connection of the client.
 */
function forwardWithRetries(
  retries: number,
  tries: Tries,
  pools: Map<Target, Pool>,
  request: Forwarded,
  res: ServerResponse,
  answerHeaders: string[],
  refuse: (refusal: Refusal) => void,
): void {
  const repeatable = request.method !== 'POST' && request.method !== 'PATCH';
  let running: Dispatcher.DispatchController | undefined;
  let gone = false;
  res.once('close', () => {
    gone = true;
    tries.end();
    if (!res.writableFinished) running?.abort(new Error('the client disconnected'));
  });

  function attempt(left: number): void {
    const target = tries.next();
    if (!target) {
      refuse({ status: 503, message: 'failure to get a peer from the ring-balancer' });
      return;
    }
    let sent = false;
    let answered = false;
    let unreadable = false;
    const { path, headers, body = null } = request;
    const method = request.method as Dispatcher.HttpMethod;
    (pools.get(target) as Pool).dispatch(
      { path, method, headers, body },
      {
        onRequestStart(controller) {
          running = controller;
          // Aborting here prevents the request from being sent.
          if (gone) controller.abort(new Error('the client disconnected'));
          else sent = true;
        },
        onResponseStart(controller, status) {
          if (status < 200) return;
          // Always set by undici. The parsed headers have lost case and order.
          const raw = controller.rawHeaders as Buffer[];
          if (headBytes(raw) > MAX_ANSWER_HEAD_BYTES) {
            unreadable = true;
            controller.abort(new Error('the response headers are too large'));
            return;
          }
          answered = true;
          res.writeHead(status, returnedHeaders(raw, answerHeaders));
        },
        onResponseData(controller, chunk) {
          if (res.write(chunk)) return;
          controller.pause();
          res.once('drain', () => controller.resume());
        },
        onResponseEnd() {
          res.end();
        },
        onResponseError(_controller, error) {
          if (gone) return;
          if (answered) res.destroy();
          else if (left > 0 && (!sent || (repeatable && !unreadable && !isUnreadable(error)))) attempt(left - 1);
          else refuse(isTimeout(error) ? nginxRefusals.gatewayTimeout : nginxRefusals.badGateway);
        },
      },
    );
  }

  attempt(retries);
}

function headBytes(raw: Buffer[]): number {
  const line = 'HTTP/1.1 200 OK\r\n\r\n'.length;
  return raw.reduce((sum, part) => sum + part.length + 2, line); // `: ` after a name, CRLF after a value
}

/** nginx retries after a timeout or an aborted connection, but not after a malformed response. */
function isUnreadable(error: Error): boolean {
  return error.name === 'HTTPParserError' || (error as NodeJS.ErrnoException).code === 'UND_ERR_HEADERS_OVERFLOW';
}

function isTimeout(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'ETIMEDOUT';
}
