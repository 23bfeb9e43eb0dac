/** What nginx does in front of Kong: its limits, and what it refuses before Kong sees a request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createRequestId, type Exchange, LINGER_MS, MAX_BODY_BYTES } from './exchange.ts';
import { firstValue, valuesOf } from './headers.ts';
import { nginxRefusals, type ProblemRenderer, type Refusal } from './problem.ts';
import type { ReadPath } from './routing.ts';

// nginx: one buffer of 8 KiB for the request line and for each header line.
const MAX_LINE_BYTES = 8 * 1024;
// nginx: large_client_header_buffers 4 8k.
const MAX_LINES_BYTES = 4 * MAX_LINE_BYTES;
// The limit of Node's parser. Beyond it, the line that was too long is unknown, and the response is 400.
const MAX_HEAD_BYTES = 64 * 1024;
// Kong's Lua sees only the first 100 headers. Requests with more are refused here.
const MAX_HEADERS = 100;
const DRAIN_MS = 9_000;

export interface NginxOptions {
  /** Timeout for the headers of a request. */
  headTimeoutMs: number;
  render: ProblemRenderer;
  handle: (req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean) => void;
}

/** A server that gives `handle` what nginx can read, and answers the rest as nginx does. */
export function createNginxServer({ headTimeoutMs, render, handle }: NginxOptions): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEAD_BYTES,
    requireHostHeader: false, // refused below, with the template
    // nginx enforces it immediately, Node at intervals.
    headersTimeout: headTimeoutMs,
    connectionsCheckingInterval: headTimeoutMs / 5,
    requestTimeout: 300_000,
    keepAliveTimeout: 75_000, // nginx
  });
  server.maxHeadersCount = 0; // Node would silently drop further headers
  const receive = (awaitsContinue: boolean) => (req: IncomingMessage, res: ServerResponse) => {
    const unreadable = refusedPlainly(req);
    if (unreadable) answerPlainly(req.socket, unreadable);
    else handle(req, res, awaitsContinue);
  };
  server.on('request', receive(false));
  server.on('checkContinue', receive(true));
  server.on('checkExpectation', receive(false)); // nginx ignores unknown expectations
  server.on('connect', (_req, socket) => refuseRaw(socket, nginxRefusals.methodNotAllowed, render));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // nginx closes a connection whose headers are too slow, without a response.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') socket.destroy();
    else if (error.code === 'HPE_INVALID_VERSION') answerPlainly(socket, 505);
    else refuseRaw(socket, refusalOf(error), render);
  });
  return server;
}

/** What nginx refuses of a request that it could read, with Kong's words. */
export function refusedByNginx({ req, headers }: Exchange, path: ReadPath): Refusal | undefined {
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

/** Whether nginx accepts this value of `Host`: any name before the port, and no path. */
function isHost(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nginx refuses these
  return /^[^.:]/.test(value) && !/[\x00-\x20\x7f/\\]|\.\./.test(value);
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  return error.code === 'HPE_HEADER_OVERFLOW' ? nginxRefusals.headerTooLarge : nginxRefusals.badRequest;
}

/** The status of a request that nginx refuses in HTML, without a request id; undefined for a valid one. */
function refusedPlainly(req: IncomingMessage): 501 | 505 | undefined {
  if (req.httpVersionMajor !== 1) return 505;
  const coding = req.headers['transfer-encoding'];
  return coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : 501;
}

function answerPlainly(socket: Duplex, status: 501 | 505): void {
  const title = `${status} ${STATUS_CODES[status]}`;
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  endRaw(socket, status, 'text/html', body);
}

/** Responds on a connection for which Node has no response object, because the request could not be parsed. */
function refuseRaw(socket: Duplex, refusal: Refusal, render: ProblemRenderer): void {
  // If a response is in progress on this connection, this one would be written into it.
  const answer = '_httpMessage' in socket ? (socket._httpMessage as ServerResponse | null) : null;
  if (answer?.headersSent) {
    socket.destroy();
    return;
  }
  const requestId = createRequestId();
  const { contentType, body } = render(refusal, requestId, []);
  endRaw(socket, refusal.status, contentType, body, `X-Kong-Request-Id: ${requestId}\r\n`);
}

function endRaw(socket: Duplex, status: number, contentType: string, body: string, more = ''): void {
  if (!socket.writable) return; // already refused; further input is dropped
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nDate: ${new Date().toUTCString()}\r\n` +
      `Content-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `${more}Connection: close\r\n\r\n${body}`,
  );
  socket.on('error', () => {}); // the client may be gone already
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Stops accepting and waits for running requests; connections are closed when they become idle. */
export async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
