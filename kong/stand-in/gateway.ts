import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import { allRoutes, type Declaration, DeclarationError, readDeclaration } from './declaration.ts';
import { firstValue, type HeaderList, toHeaderList, valuesOf } from './headers.ts';
import { type Call, createPipeline, createPluginState, type PluginAnswer, replaceConsumers } from './plugins.ts';
import { createProblemRenderer, nginxRefusals, type Refusal } from './problem.ts';
import { createForwarder, type Forwarder, forwardedHeaders } from './proxy.ts';
import { createRouter, type ReadPath, type Routable, readPath } from './routing.ts';

export interface GatewayOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** The text of kong.yml. */
  declaration: string;
  /** The text of the clients that were made by command (operator/src/clients), if any. */
  clients?: string;
  /** The text of Kong's JSON error template. */
  errorTemplate: string;
  /** Where `${{ env "DECK_…" }}` is looked up. */
  env: Record<string, string | undefined>;
  /** Replaces the targets of upstreams, by name: `host:port` each. */
  upstreams?: Record<string, string[]>;
  logger: Logger;
  now?: () => number;
  /** How long a client may take for the head of a request. */
  headTimeoutMs?: number;
  /** How long a client may send nothing of its body. */
  bodyTimeoutMs?: number;
}

export interface Gateway {
  port: number;
  /** Takes other clients; throws a {@link DeclarationError} and keeps those it has where they cannot be taken. */
  replaceClients(clients: string | undefined): void;
  close(): Promise<void>;
}

type Route = Routable & { name: string; run: (call: Call) => PluginAnswer | undefined; forwarder?: Forwarder };

type Renderer = ReturnType<typeof createProblemRenderer>;

const NO_ROUTE: Refusal = { status: 404, message: 'no Route matched with those values' };
const NO_SERVICE: Refusal = { status: 503, message: 'no Service found with those values' };

// nginx: client_max_body_size 1m, and one buffer of 8 KiB for the request line and for each header line.
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_LINE_BYTES = 8 * 1024;
// nginx: large_client_header_buffers 4 8k.
const MAX_LINES_BYTES = 4 * MAX_LINE_BYTES;
// What Node's parser holds in all. Above it the line that was too long is not known any more, and the answer is 400.
const MAX_HEAD_BYTES = 64 * 1024;
// KONG_NGINX_PROXY_CLIENT_HEADER_TIMEOUT
const HEAD_TIMEOUT_MS = 10_000;
// nginx: client_body_timeout, between two parts of a body.
const BODY_TIMEOUT_MS = 60_000;
// Kong's Lua sees the first 100 headers only. Where it would go on half blind, we refuse.
const MAX_HEADERS = 100;
// How long a client that was refused may go on sending, so that it reads the answer and not a reset connection.
const LINGER_MS = 5_000;
const DRAIN_MS = 9_000;

/** Starts the stand-in; throws a {@link DeclarationError} with every fault when the declaration is not for it. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, now = Date.now, headTimeoutMs = HEAD_TIMEOUT_MS, bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  const file = readDeclaration(options.declaration, options.env, options.clients);
  checkReplacedUpstreams(file, options.upstreams ?? {});
  const render = createProblemRenderer(options.errorTemplate);

  const balancers = new Map<string, Balancer>();
  for (const upstream of file.upstreams) {
    const addresses = options.upstreams?.[upstream.name] ?? upstream.targets.map((t) => t.target);
    balancers.set(upstream.name, createBalancer(upstream, addresses, logger));
  }
  const forwarders = new Map(
    file.services.map((service) => [service, createForwarder(service, balancers.get(service.host) as Balancer)]),
  );
  const state = createPluginState(file, now);
  const routes = allRoutes(file).map(({ route, service }): Route => {
    const { name, methods, paths, headers, regex_priority: regexPriority } = route;
    const forwarder = service && forwarders.get(service);
    return {
      name,
      methods,
      paths,
      headers,
      regexPriority,
      run: createPipeline(route, service, file, state),
      forwarder,
    };
  });
  const matchRoute = createRouter(routes);

  const refuse = (exchange: Exchange, refusal: PluginAnswer) => answerRefusal(exchange, refusal, render, logger);

  /** The order of the checks is Kong's: what nginx refuses, the route, the plugins, and the body only when it is sent on. */
  function handle(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): void {
    const unreadable = refusedPlainly(req);
    if (unreadable) {
      answerPlainly(req.socket, unreadable);
      return;
    }
    const exchange = openExchange(req, res, awaitsContinue);
    const path = readPath(req.url as string);
    const early = refusedByNginx(exchange, path);
    if (early) refuse(exchange, early);
    else if (path.kind === 'no-route') refuse(exchange, NO_ROUTE);
    else if (path.kind === 'path') handleRouted(exchange, path);
  }

  function handleRouted(exchange: Exchange, path: Extract<ReadPath, { kind: 'path' }>): void {
    const { req, res, headers, answerHeaders, requestId } = exchange;
    const method = req.method as string;
    const remoteAddress = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const route = matchRoute(method, path.normal, headers);
    const call: Call = { headers, remoteAddress, answerHeaders, query: path.query };
    const answer = route ? route.run(call) : NO_ROUTE;
    if (answer || !route?.forwarder) {
      refuse(exchange, answer ?? NO_SERVICE);
      return;
    }
    const { forwarder } = route;
    const client = { remoteAddress, localPort: req.socket.localPort ?? 0, rawPath: path.raw, requestId };
    const request = { method, path: path.forwarded + call.query, headers: forwardedHeaders(headers, client) };
    readBody(exchange, bodyTimeoutMs, (body) => {
      if (body === 'too-large') refuse(exchange, nginxRefusals.payloadTooLarge);
      else forwarder.forward({ ...request, body }, res, answerHeaders, (refusal) => refuse(exchange, refusal));
    });
  }

  const server = createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    requireHostHeader: false, // we answer through the template
    // nginx looks at it at once, Node every so often.
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: headTimeoutMs / 5,
    requestTimeout: 300_000,
    keepAliveTimeout: 75_000, // nginx
  });
  server.maxHeadersCount = 0; // Node would drop the rest silently
  server.on('request', (req, res) => handle(req, res, false));
  server.on('checkContinue', (req, res) => handle(req, res, true));
  server.on('checkExpectation', (req, res) => handle(req, res, false)); // nginx ignores what it does not know
  server.on('connect', (_req, socket) => refuseRaw(socket, nginxRefusals.methodNotAllowed, render));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // nginx closes the connection of a client that is too slow with its head, and answers nothing.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') socket.destroy();
    else if (error.code === 'HPE_INVALID_VERSION') answerPlainly(socket, 505);
    else refuseRaw(socket, refusalOf(error), render);
  });
  const closeParts = async () => {
    await Promise.all([...balancers.values(), ...forwarders.values()].map((part) => part.close()));
  };
  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    await closeParts(); // or the health checks would keep the process alive
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  logger.info({ host: options.host, port, routes: routes.length }, 'the gateway accepts requests');

  return {
    port,
    replaceClients: (clients) => {
      replaceConsumers(state, readDeclaration(options.declaration, options.env, clients));
    },
    close: async () => {
      await drain(server);
      await closeParts();
      logger.info('the gateway has stopped');
    },
  };
}

function checkReplacedUpstreams(file: Declaration, upstreams: Record<string, string[]>): void {
  const known = new Set(file.upstreams.map((upstream) => upstream.name));
  const faults = Object.entries(upstreams).flatMap(([name, targets]) => [
    ...(known.has(name) ? [] : [`replaced upstream ${name} is not in the declaration`]),
    ...(targets.length > 0 ? [] : [`replaced upstream ${name} has no targets`]),
  ]);
  if (faults.length > 0) throw new DeclarationError(faults);
}

/** One request and its answer while the gateway has them in hand. */
interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  headers: HeaderList;
  requestId: string;
  /** Go out with whatever the answer is. */
  answerHeaders: string[];
  /** The client sends its body only after `100 Continue`. */
  awaitsContinue: boolean;
}

function openExchange(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): Exchange {
  const requestId = createRequestId();
  const headers = toHeaderList(req.rawHeaders);
  return { req, res, headers, requestId, answerHeaders: ['X-Kong-Request-Id', requestId], awaitsContinue };
}

function createRequestId(): string {
  return randomUUID().replaceAll('-', '');
}

function answerRefusal(exchange: Exchange, refusal: PluginAnswer, render: Renderer, logger: Logger): void {
  const { req, res, headers, requestId, answerHeaders, awaitsContinue } = exchange;
  if (res.headersSent || res.destroyed) return;
  const { status, message } = refusal;
  if (status >= 500) logger.warn({ requestId, method: req.method, status }, message);
  const { contentType, body } = refusal.body === undefined ? render(refusal, requestId, headers) : refusal.body;
  const length = String(Buffer.byteLength(body));
  const type = contentType === '' ? [] : ['Content-Type', contentType];
  const own = [...type, 'Content-Length', length, ...(refusal.headers ?? []), ...answerHeaders];
  // A client that still waits for `100 Continue` may send its body or not: nothing can follow on this connection.
  if (status === 413 || awaitsContinue) own.push('Connection', 'close');
  res.writeHead(status, own);
  if (status === 413 && !awaitsContinue) lingerAndEnd(req, res, body);
  else res.end(body);
}

function refusedByNginx({ req, headers }: Exchange, path: ReadPath): Refusal | undefined {
  const requestLine = `${req.method} ${req.url} HTTP/1.1`.length;
  if (requestLine > MAX_LINE_BYTES) return nginxRefusals.uriTooLong;
  if (path.kind === 'bad-request') return nginxRefusals.badRequest;
  if (headers.length / 2 > MAX_HEADERS) return nginxRefusals.headerTooLarge;
  let lines = requestLine;
  for (let i = 0; i < headers.length; i += 2) {
    const line = (headers[i] as string).length + (headers[i + 1] as string).length;
    lines += line + ': \r\n'.length;
    if (line > MAX_LINE_BYTES || lines > MAX_LINES_BYTES) return nginxRefusals.headerTooLarge;
  }
  const hosts = valuesOf(headers, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && req.httpVersion === '1.1')) return nginxRefusals.badRequest;
  if (hosts.some((host) => !isHost(host))) return nginxRefusals.badRequest;
  if (req.method === 'TRACE') return nginxRefusals.methodNotAllowed;
  return Number(firstValue(headers, 'content-length') ?? 0) > MAX_BODY_BYTES
    ? nginxRefusals.payloadTooLarge
    : undefined;
}

/** Whether nginx takes this for the value of `Host`: anything with a name in front of its port, and no path. */
function isHost(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nginx refuses these
  return /^[^.:]/.test(value) && !/[\x00-\x20\x7f/\\]|\.\./.test(value);
}

/**
 * Reads the whole body before any of it is sent on, as nginx does: a chunked one gets a length that way, and of one that is
 * too long the service sees nothing. When the client goes away halfway, `done` is never called; one that stays silent is
 * cut off without an answer.
 */
function readBody(exchange: Exchange, timeoutMs: number, done: (body: Buffer | undefined | 'too-large') => void): void {
  const { req, res, headers } = exchange;
  const declared = firstValue(headers, 'content-length') ?? '0';
  if (declared === '0' && firstValue(headers, 'transfer-encoding') === undefined) {
    done(undefined);
    return;
  }
  if (exchange.awaitsContinue) res.writeContinue();
  exchange.awaitsContinue = false;
  const chunks: Buffer[] = [];
  let size = 0;
  const silence = setTimeout(() => req.socket.destroy(), timeoutMs);
  req.once('close', () => clearTimeout(silence));
  req.on('data', (chunk: Buffer) => {
    silence.refresh();
    const before = size;
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else if (before <= MAX_BODY_BYTES) done('too-large');
  });
  req.on('end', () => {
    clearTimeout(silence);
    if (size <= MAX_BODY_BYTES) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size));
  });
}

/** Sends the whole answer, then lets the client finish sending before the connection closes under it. */
function lingerAndEnd(req: IncomingMessage, res: ServerResponse, body: string): void {
  res.write(body);
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.once('close', end);
  req.once('end', end);
  req.resume();
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  return error.code === 'HPE_HEADER_OVERFLOW' ? nginxRefusals.headerTooLarge : nginxRefusals.badRequest;
}

/** The status of what nginx refuses by itself, in HTML and without a request id; undefined for what it reads. */
function refusedPlainly(req: IncomingMessage): 501 | 505 | undefined {
  if (req.httpVersionMajor !== 1) return 505;
  const coding = req.headers['transfer-encoding'];
  return coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : 501;
}

function answerPlainly(socket: Duplex, status: 501 | 505): void {
  if (!socket.writable) return;
  const title = `${status} ${STATUS_CODES[status]}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  socket.end(
    `HTTP/1.1 ${title}\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/html\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.on('error', () => {}); // the client may be gone already
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Answers a connection on which Node has no response to offer: nothing of the request is known. */
function refuseRaw(socket: Duplex, refusal: Refusal, render: Renderer): void {
  // With an answer under way on this connection, ours would land in the middle of it.
  const answer = '_httpMessage' in socket ? (socket._httpMessage as ServerResponse | null) : null;
  if (answer?.headersSent) {
    socket.destroy();
    return;
  }
  if (!socket.writable) return; // refused already: what still arrives is dropped
  const requestId = createRequestId();
  const { contentType, body } = render(refusal, requestId, []);
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nDate: ${new Date().toUTCString()}\r\n` +
      `Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `X-Kong-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.on('error', () => {}); // the client may be gone already
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Accepts nothing more and waits for the requests that run; idle connections are closed as they become so. */
async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
