import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What the edge knows of a request before any route sees it. */
export interface RequestContext {
  /** 32 hex digits: the gateway's X-Kong-Request-Id; also the `traceId` of problems. */
  requestId: string;
  /** W3C trace context, level 1, for what this request causes. */
  traceparent: string;
  /** The consumer's custom id; undefined on keyless routes. */
  clientId?: string;
  groups: readonly string[];
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

/** Adopt the gateway's request id, continue the caller's trace, and measure and log the answer. */
export function requestContext(log: Logger, metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const startedAt = performance.now();
    const requestId = adoptRequestId(req.headers['x-kong-request-id']);
    const context: RequestContext = {
      requestId,
      traceparent: continueTrace(req.headers.traceparent, requestId),
      groups: [],
    };
    res.locals.context = context;
    // 'close' comes after the last byte and also when the client went away first.
    res.once('close', () => {
      const route = typeof req.route?.path === 'string' ? req.baseUrl + req.route.path : 'unmatched';
      const seconds = (performance.now() - startedAt) / 1000;
      metrics.httpRequestDuration.observe(
        { route, method: boundedMethod(req.method), status: res.statusCode },
        seconds,
      );
      log.debug(
        {
          requestId,
          traceId: context.traceparent.slice(3, 35),
          clientId: context.clientId,
          orderId: res.locals.orderId ?? req.params?.id,
          method: req.method,
          route,
          status: res.statusCode,
          seconds,
        },
        'request',
      );
    });
    next();
  };
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

/** `version-traceid-spanid-flags` (w3.org/TR/trace-context); an invalid one counts as absent. */
function continueTrace(header: string | string[] | undefined, requestId: string): string {
  const match = typeof header === 'string' ? /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(header) : undefined;
  const valid = match && !/^0+$/.test(match[1] ?? '');
  // The second half of a UUID's digits: all random but two bits.
  const spanId = randomUUID().replaceAll('-', '').slice(16);
  return valid ? `00-${match[1]}-${spanId}-${match[2]}` : `00-${requestId}-${spanId}-01`;
}
