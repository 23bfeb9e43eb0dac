import type { ErrorRequestHandler, Request, Response } from 'express';
import { problemOf, refused, UNPUBLISHED_TYPES } from '../contract/problems.ts';
import { databaseFault } from '../reliable/postgres/faults.ts';
import { type Refusal, RefusedError, type Reply, unavailable } from '../reliable/refusal.ts';
import { contextOf } from './context.ts';

let typeBase = UNPUBLISHED_TYPES;

/** From now on the `type` of a problem is the address of its page below `publicUrl`, once for the process, as it starts. */
export function publishProblemsAt(publicUrl: string): void {
  typeBase = `${publicUrl}/docs/problems/`;
}

/** The `type` of the problem with this code; of all refusals of the gateway, of `gateway`. */
export function problemType(code: string): string {
  return typeBase + code;
}

const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** Where a refusal happened: RFC 9457's `instance`, and the id that the logs know the request by. */
export interface Occurrence {
  instance: string;
  traceId: string;
}

/** The problem document (RFC 9457) of a refusal. */
export function toProblem({ code, detail, members }: Refusal, { instance, traceId }: Occurrence): Reply {
  const { status, title } = problemOf(code);
  const body = JSON.stringify({ type: problemType(code), title, status, detail, instance, code, traceId, ...members });
  return { status, body };
}

/** A refusal of a request that is its answer: it is stored, and given again to a repeat. */
export function toRefusal(req: Request, res: Response, refusal: Refusal): Reply {
  return toProblem(refusal, { instance: req.path, traceId: contextOf(res).requestId });
}

/** Send an answer, as every route does but health and metrics, which are no problems at 503; with `replayed` it says that it was given before (draft-ietf-httpapi-idempotency-key-header). */
export function sendReply(res: Response, reply: Reply, replayed = false): void {
  if (reply.retryAfterSeconds !== undefined) res.set('Retry-After', String(reply.retryAfterSeconds));
  if (reply.location) res.set('Location', reply.location);
  if (replayed) res.set('Idempotent-Replayed', 'true');
  res.set('Content-Type', reply.status >= 400 ? PROBLEM_MEDIA_TYPE : 'application/json; charset=utf-8');
  res.status(reply.status).end(reply.body);
}

/** The one place where a thrown error becomes an answer. A 500 says nothing of the inside; its log line says all. */
export const problemHandler: ErrorRequestHandler = (error, req, res, _next) => {
  const context = contextOf(res);
  const { refusal, retryAfterSeconds } = asRefused(error);
  const reply = toProblem(refusal, { instance: req.path, traceId: context.requestId });
  context.failure = { code: refusal.code, error };
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (problemOf(refusal.code).header === 'Link') res.set('Link', `<${problemType(refusal.code)}>; rel="describedby"`);
  sendReply(res, { ...reply, retryAfterSeconds });
};

function asRefused(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  const bodyFault = asBodyFault(error);
  if (bodyFault) return bodyFault;
  if (databaseFault(error)) return unavailable();
  return refused('internal', 'The request was not completed. Retry with the same Idempotency-Key.');
}

/** 413. */
export function payloadTooLarge(): RefusedError {
  return refused('payload-too-large', 'The body exceeds the limit.');
}

/** Faults that Express's own body reader and URL decoder report (npm `raw-body`, `body-parser`: `type`). */
function asBodyFault(error: unknown): RefusedError | undefined {
  const { type, status } = (error ?? {}) as { type?: string; status?: number };
  if (type === 'entity.too.large') return payloadTooLarge();
  if (type === 'encoding.unsupported') {
    return refused('unsupported-media-type', 'The body must not be compressed.');
  }
  if (type === 'request.aborted' || type === 'request.size.invalid') {
    return refused('invalid-json', 'The body ended early.');
  }
  // A path with a broken percent-encoding names nothing.
  if (error instanceof URIError && status === 400) return refused('not-found', 'The path is malformed.');
  return undefined;
}
