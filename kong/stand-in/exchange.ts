import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { firstValue, type HeaderList, toHeaderList } from './headers.ts';
import type { PluginAnswer } from './plugins.ts';
import type { ProblemRenderer } from './problem.ts';

// nginx: client_max_body_size 1m
export const MAX_BODY_BYTES = 1024 * 1024;
// How long a refused client may continue to send, so that it can read the response before the connection is closed.
export const LINGER_MS = 5_000;

/** A request in progress and its response. */
export interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  headers: HeaderList;
  requestId: string;
  /** Headers of any response to this request. */
  answerHeaders: string[];
  /** Whether the client waits for `100 Continue` before it sends the body. */
  awaitsContinue: boolean;
}

export function openExchange(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): Exchange {
  const requestId = createRequestId();
  const headers = toHeaderList(req.rawHeaders);
  return { req, res, headers, requestId, answerHeaders: ['X-Kong-Request-Id', requestId], awaitsContinue };
}

export function createRequestId(): string {
  return randomUUID().replaceAll('-', '');
}

/** Answers in the service's place: by the template, or as a plugin does. */
export function answerRefusal(
  exchange: Exchange,
  refusal: PluginAnswer,
  render: ProblemRenderer,
  logger: Logger,
): void {
  const { req, res, headers, requestId, answerHeaders, awaitsContinue } = exchange;
  if (res.headersSent || res.destroyed) return;
  const { status, message } = refusal;
  if (status >= 500) logger.warn({ requestId, method: req.method, status }, message);
  const { contentType, body } = refusal.body === undefined ? render(refusal, requestId, headers) : refusal.body;
  const length = String(Buffer.byteLength(body));
  const type = contentType === '' ? [] : ['Content-Type', contentType];
  const own = [...type, 'Content-Length', length, ...(refusal.headers ?? []), ...answerHeaders];
  // A client that waits for `100 Continue` may or may not send its body, so the connection cannot be used again.
  if (status === 413 || awaitsContinue) own.push('Connection', 'close');
  res.writeHead(status, own);
  if (status === 413 && !awaitsContinue) lingerAndEnd(req, res, body);
  else res.end(body);
}

/**
 * Reads the whole body before it is forwarded, as nginx does: a chunked body gets a length, and a body that is too long does
 * not reach the service. If the client disconnects, `done` is never called; if it sends nothing for too long, the connection is
 * closed without a response.
 */
export function readBody(
  exchange: Exchange,
  timeoutMs: number,
  done: (body: Buffer | undefined | 'too-large') => void,
): void {
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

/** Sends the response, and closes the connection only after the client has finished sending. */
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
