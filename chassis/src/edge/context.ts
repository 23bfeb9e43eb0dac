import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from '../base/telemetry/log.ts';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { type Span, type SpanOptions, type Tracing, traceIdOf } from '../base/telemetry/tracing.ts';
import { subject } from '../contract/subject.ts';
import { subjectInLog } from '../reliable/messaging/subject.ts';
import { readTraceparent } from '../reliable/trace-context.ts';
import { clientIdOf, type Principal } from './principal.ts';
import { createRequestLog, type Failure, type RequestLine } from './request-log.ts';

/** What the edge knows of a request before any route sees it. */
export interface RequestContext {
  /** 32 hex digits: the gateway's X-Kong-Request-Id; also the `traceId` of problems. */
  requestId: string;
  /** W3C trace context, level 1, for what this request causes. */
  traceparent: string;
  /** Whether the gateway's token was checked. */
  cameThroughGateway?: true;
  /** Who is asking; undefined on open routes. */
  principal?: Principal;
  /** Set when the answer is a refusal that was thrown, or a failure. */
  failure?: Failure;
}

/** The context that {@link requestContext} made for this request. */
export function contextOf(res: Response): RequestContext {
  return res.locals.context as RequestContext;
}

/** All values of a header, one per line that was sent. Node joins or drops repeated lines in `req.headers`. */
export function headerValues(req: Pick<Request, 'rawHeaders'>, lowerCaseName: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    if (req.rawHeaders[index]?.toLowerCase() === lowerCaseName) values.push(req.rawHeaders[index + 1] ?? '');
  }
  return values;
}

export interface RequestContextOptions {
  log: Logger;
  metrics: Metrics;
  tracing?: Tracing | undefined;
}

// Asked every few seconds, by those who watch the process: nobody reads their traces or lines.
const UNTOLD = /^\/(health\/(live|ready)|metrics)$/;

/** Adopt the gateway's request id, continue the caller's trace, and measure, trace and log the answer. */
export function requestContext({ log, metrics, tracing }: RequestContextOptions): RequestHandler {
  const logRequest = createRequestLog(log);
  return (req, res, next) => {
    const startedAt = performance.now();
    const requestId = adoptRequestId(req.headers['x-kong-request-id']);
    const isTold = !UNTOLD.test(req.path);
    const span = isTold ? tracing?.start(boundedMethod(req.method), spanOptions(req, requestId)) : undefined;
    const context: RequestContext = {
      requestId,
      traceparent: span?.traceparent ?? continueTrace(req.headers.traceparent, requestId),
    };
    res.locals.context = context;
    // 'close' comes after the last byte and also when the client went away first.
    res.on('close', () => {
      const route = typeof req.route?.path === 'string' ? req.baseUrl + req.route.path : 'unmatched';
      const seconds = Math.round((performance.now() - startedAt) * 1000) / 1e6;
      const method = boundedMethod(req.method);
      const status = res.statusCode;
      metrics.httpRequestDuration.of(route, method, status).observe(seconds);
      if (!isTold && !context.failure) return;
      const { principal, failure } = context;
      const clientId = principal && clientIdOf(principal);
      const subjectId: string | undefined = res.locals[subject.logField];
      const traceId = traceIdOf(context.traceparent);
      const aborted = res.writableFinished ? undefined : true;
      const ids = { traceId, requestId, clientId, ...subjectInLog(subject, subjectId) };
      const line: RequestLine = { ...ids, method, route, status, seconds, aborted };
      if (span) endSpan(span, line, subjectId, failure?.code);
      logRequest(line, failure);
    });
    next();
  };
}

function spanOptions(req: Request, requestId: string): SpanOptions {
  const { traceparent } = req.headers;
  return {
    kind: 'server',
    parent: typeof traceparent === 'string' ? traceparent : undefined,
    traceId: requestId,
    attributes: { 'http.request.method': boundedMethod(req.method), 'shop.request.id': requestId },
  };
}

function endSpan(span: Span, line: RequestLine, subjectId: string | undefined, code: string | undefined): void {
  const { method, route, status, clientId } = line;
  const attributes = {
    'http.route': route,
    'http.response.status_code': status,
    'shop.client.id': clientId,
    [subject.spanAttribute]: subjectId,
    'shop.problem.code': code,
  };
  // What is refused is the client's fault, and no error of the server's span (OpenTelemetry's conventions for HTTP).
  span.end({ name: `${method} ${route}`, attributes, failed: status >= 500 ? (code ?? String(status)) : undefined });
}

// Anyone may invent a method; a label must not take whatever comes.
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']);
function boundedMethod(method: string): string {
  return METHODS.has(method) ? method : 'OTHER';
}

/** The gateway's id of a request, or a new one for a request that did not come through it. */
export function adoptRequestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[0-9a-f]{32}$/.test(header) ? header : randomUUID().replaceAll('-', '');
}

/** The caller's trace; or, when it sent none, one that has the id of the request. */
function continueTrace(header: string | string[] | undefined, requestId: string): string {
  const caller = readTraceparent(header);
  // The second half of a UUID's digits: all random but two bits.
  const spanId = randomUUID().replaceAll('-', '').slice(16);
  return caller ? `00-${caller.traceId}-${spanId}-${caller.flags}` : `00-${requestId}-${spanId}-01`;
}
