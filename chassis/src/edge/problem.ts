import type { ErrorRequestHandler, Response } from 'express';
import { databaseFault } from '../base/db/faults.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import { contextOf } from './context.ts';

// What identifies a problem where nobody has said under which address the documentation is served: reserved (RFC 2606), so
// that it never leads a client to somebody else.
let typeBase = 'https://orders.example/problems/';

/** From now on the `type` of a problem is the address of its page below `publicUrl`, once for the process, as it starts. */
export function publishProblemsAt(publicUrl: string): void {
  typeBase = `${publicUrl}/docs/problems/`;
}

/** The `type` of a problem: `gateway` is that of all refusals of the gateway. */
export function problemType(code: ProblemCode | 'gateway'): string {
  return typeBase + code;
}

const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

// A dependency that is away is usually back within seconds; a client that asks more often only adds to the load.
export const RETRY_AFTER_SECONDS = 1;

/** A refusal as the domain knows it: a stable code, words for a person, and members that a program can read. */
export interface Refusal {
  code: ProblemCode;
  detail: string;
  members?: Record<string, unknown>;
}

/** A refusal that must undo its transaction (a business refusal that is stored is a return value instead). */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    detail: string,
    members?: Record<string, unknown>,
    headers: Record<string, string> = {},
  ) {
    super(`${code}: ${detail}`);
    this.refusal = { code, detail, members };
    this.headers = headers;
  }
}

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
export function toProblem({ code, detail, members }: Refusal, { instance, traceId }: Occurrence): Reply {
  const { status, title } = problems[code];
  const body = JSON.stringify({ type: problemType(code), title, status, detail, instance, code, traceId, ...members });
  return { status, body };
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
export const problemHandler: ErrorRequestHandler = (error, req, res, _next) => {
  const context = contextOf(res);
  const refused = asRefused(error);
  const reply = toProblem(refused.refusal, { instance: req.path, traceId: context.requestId });
  context.failure = { code: refused.refusal.code, error };
  if (res.headersSent) {
    res.destroy();
    return;
  }
  sendReply(res, { ...reply, headers: refused.headers });
};

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

/** The refusal for a database that cannot do its work: whatever was done, it is safe to repeat. */
export function unavailable(): RefusedError {
  return new RefusedError('unavailable', 'The outcome is unknown. Retry with the same Idempotency-Key.', undefined, {
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
