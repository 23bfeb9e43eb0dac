import type { ErrorRequestHandler, Response } from 'express';
import { databaseFault } from '../db/faults.ts';
import { contextOf } from './context.ts';

/** The documentation of every problem; a `type` never changes, even when the page behind it moves. */
export const PROBLEM_TYPE_BASE = 'https://orders.example/problems/';
const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

// A dependency that is away is usually back within seconds; a client that asks more often only adds to the load.
export const RETRY_AFTER_SECONDS = 1;

/** What HTTP makes of a `code`. */
export interface ProblemDefinition {
  status: number;
  title: string;
}

/** A refusal as the domain knows it: a stable code, words for a person, and members that a program can read. */
export interface Refusal {
  code: string;
  detail: string;
  members?: Record<string, unknown>;
}

/** A refusal that must undo its transaction (a business refusal that is stored is a return value instead). */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  readonly headers: Record<string, string>;

  constructor(code: string, detail: string, members?: Record<string, unknown>, headers: Record<string, string> = {}) {
    super(`${code}: ${detail}`);
    this.refusal = { code, detail, members };
    this.headers = headers;
  }
}

/** The refusals that any service may give. */
export const edgeProblems = {
  'gateway-required': { status: 401, title: 'The call did not come through the gateway' },
  'internal-token-required': { status: 401, title: 'The call did not come from the other service' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'invalid-json': { status: 400, title: 'The body is not JSON' },
  'validation-failed': { status: 400, title: 'The request is not valid' },
  'unsupported-media-type': { status: 415, title: 'The body is not application/json' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'idempotency-key-missing': { status: 400, title: 'Idempotency-Key is missing' },
  'idempotency-key-malformed': { status: 400, title: 'Idempotency-Key is malformed' },
  'request-in-progress': { status: 409, title: 'The first request with this key is still running' },
  'idempotency-key-reused': { status: 422, title: 'This key was used for another request' },
  'dead-letter-not-found': { status: 404, title: 'There is no such dead letter' },
  'illegal-transition': { status: 409, title: 'This step is not possible from here' },
  overloaded: { status: 503, title: 'Too many requests are waiting' },
  unavailable: { status: 503, title: 'The service cannot work at the moment' },
  internal: { status: 500, title: 'Something went wrong here' },
} as const satisfies Record<string, ProblemDefinition>;

export type ProblemTable = Readonly<Record<string, ProblemDefinition>>;

/** An answer as text, ready to be stored, sent and sent again. */
export interface Reply {
  status: number;
  /** JSON. */
  body: string;
  location?: string;
  headers?: Record<string, string>;
}

/** Where a refusal happened: RFC 9457's `instance`, and the id that the logs know the request by. */
export interface Occurrence {
  instance: string;
  traceId: string;
}

/** The problem document (RFC 9457) of a refusal. */
export function toProblem(table: ProblemTable, refusal: Refusal, occurrence: Occurrence): Reply {
  const definition = table[refusal.code] ?? edgeProblems.internal;
  return {
    status: definition.status,
    body: JSON.stringify({
      type: PROBLEM_TYPE_BASE + refusal.code,
      title: definition.title,
      status: definition.status,
      detail: refusal.detail,
      instance: occurrence.instance,
      code: refusal.code,
      traceId: occurrence.traceId,
      ...refusal.members,
    }),
  };
}

/** Send an answer; with `replayed` it says that it was given before (draft-ietf-httpapi-idempotency-key-header). */
export function sendReply(res: Response, reply: Reply, replayed = false): void {
  if (reply.headers) res.set(reply.headers);
  if (reply.location) res.set('Location', reply.location);
  if (replayed) res.set('Idempotent-Replayed', 'true');
  res.set('Content-Type', reply.status >= 400 ? PROBLEM_MEDIA_TYPE : 'application/json; charset=utf-8');
  res.status(reply.status).end(reply.body);
}

/** The one place where a thrown error becomes an answer. A 500 says nothing of the inside; its log line says all. */
export function problemHandler(table: ProblemTable): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const context = contextOf(res);
    const refused = asRefused(error);
    const reply = toProblem(table, refused.refusal, { instance: req.path, traceId: context.requestId });
    context.failure = { code: refused.refusal.code, error };
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendReply(res, { ...reply, headers: refused.headers });
  };
}

function asRefused(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  const bodyFault = asBodyFault(error);
  if (bodyFault) return bodyFault;
  if (databaseFault(error)) return unavailable();
  return new RefusedError('internal', 'The request was not done. Send it again with the same key.');
}

/** The refusal of what would have to wait for too long. Nothing was done; only give it where that is true. */
export function overloaded(): RefusedError {
  return new RefusedError('overloaded', 'Nothing was done. Send it again a little later.', undefined, {
    'Retry-After': String(RETRY_AFTER_SECONDS),
  });
}

/** The refusal for a database that cannot do its work: nothing was done, or it is safe to repeat. */
export function unavailable(): RefusedError {
  return new RefusedError('unavailable', 'Nothing was done, or it is safe to repeat.', undefined, {
    'Retry-After': String(RETRY_AFTER_SECONDS),
  });
}

/** 413. */
export function payloadTooLarge(): RefusedError {
  return new RefusedError('payload-too-large', 'The body exceeds the limit.');
}

/** Faults that Express's own body reader and URL decoder report (npm `raw-body`, `body-parser`: `type`). */
function asBodyFault(error: unknown): RefusedError | undefined {
  const { type, status } = (error ?? {}) as { type?: string; status?: number };
  if (type === 'entity.too.large') return payloadTooLarge();
  if (type === 'encoding.unsupported') {
    return new RefusedError('unsupported-media-type', 'The body must not be compressed.');
  }
  if (type === 'request.aborted' || type === 'request.size.invalid') {
    return new RefusedError('invalid-json', 'The body ended early.');
  }
  // A path with a broken percent-encoding names nothing.
  if (error instanceof URIError && status === 400) return new RefusedError('not-found', 'The path is malformed.');
  return undefined;
}
