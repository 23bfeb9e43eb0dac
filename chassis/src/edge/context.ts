import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from '../base/telemetry/log.ts';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { type Span, type SpanOptions, type Tracing, traceIdOf } from '../base/telemetry/tracing.ts';
import { subject } from '../contract/subject.ts';
import { subjectInLog } from '../reliable/messaging/subject.ts';
import { readTraceparent } from '../reliable/trace-context.ts';
import { clientIdOf, type Person, type Principal } from './principal.ts';
import { createRequestLog, type Failure, type RequestLine } from './request-log.ts';

/** What the edge knows about a request before its route runs. */
export interface RequestContext {
  /** The gateway's X-Kong-Request-Id (32 hex digits), also the `traceId` of problems. */
  requestId: string;
  /** W3C trace context, level 1, to pass on. */
  traceparent: string;
  /** The kind of gateway route that it came through, by the gateway's token; undefined before that was checked. */
  gatewayRoute?: 'keyed' | 'keyless';
  /** The caller; undefined if it has shown no key or token, which open operations accept. */
  principal?: Principal;
  /** What `X-Caller` says, on operations that make sessions. */
  declaredCaller?: Person['kind'];
  /** The response goes on for as long as the client reads it, so its duration is not measured. */
  isStream?: true;
  /** Set when the response comes from a thrown error. */
  failure?: Failure;
}

/** The context that {@link requestContext} made for this request. */
export function contextOf(res: Response): RequestContext {
  return res.locals.context as RequestContext;
}

/** All values of a header, one per header line. `req.headers` joins or drops repeated lines. */
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

// Polled every few seconds by monitoring, so they would fill the logs and traces.
const NOT_LOGGED = /^\/(health\/(live|ready)|metrics)$/;

/** Take over the gateway's request id, continue the caller's trace, and measure, trace and log the response. */
export function requestContext({ log, metrics, tracing }: RequestContextOptions): RequestHandler {
  const logRequest = createRequestLog(log);
  return (req, res, next) => {
    const startedAt = performance.now();
    const requestId = adoptRequestId(req.headers['x-kong-request-id']);
    const isLogged = !NOT_LOGGED.test(req.path);
    const span = isLogged ? tracing?.start(boundedMethod(req.method), spanOptions(req, requestId)) : undefined;
    const context: RequestContext = {
      requestId,
      traceparent: span?.traceparent ?? continueTrace(req.headers.traceparent, requestId),
    };
    res.locals.context = context;
    // 'close' is emitted after the last byte, and also if the client disconnects before.
    res.on('close', () => {
      const route = typeof req.route?.path === 'string' ? req.baseUrl + req.route.path : 'unmatched';
      const seconds = Math.round((performance.now() - startedAt) * 1000) / 1e6;
      const method = boundedMethod(req.method);
      const status = res.statusCode;
      if (!context.isStream) metrics.httpRequestDuration.of(route, method, status).observe(seconds);
      if (!isLogged && !context.failure) return;
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
  // A 4xx is not an error of a server span (OpenTelemetry semantic conventions for HTTP).
  span.end({ name: `${method} ${route}`, attributes, failed: status >= 500 ? (code ?? String(status)) : undefined });
}

// Clients can send any method, but the values of a label must be bounded.
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']);
function boundedMethod(method: string): string {
  return METHODS.has(method) ? method : 'OTHER';
}

/** The gateway's request id, or a new one if the request did not come through the gateway. */
export function adoptRequestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[0-9a-f]{32}$/.test(header) ? header : randomUUID().replaceAll('-', '');
}

/** Continue the caller's trace, or start one whose id is the request id. */
function continueTrace(header: string | string[] | undefined, requestId: string): string {
  const caller = readTraceparent(header);
  // The second half of a UUID, of which all but two bits are random.
  const spanId = randomUUID().replaceAll('-', '').slice(16);
  return caller ? `00-${caller.traceId}-${spanId}-${caller.flags}` : `00-${requestId}-${spanId}-01`;
}
