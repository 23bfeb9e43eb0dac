import type { ErrorRequestHandler, Request, Response } from 'express';
import { problemOf, refused, UNPUBLISHED_TYPES } from '../contract/problems.ts';
import { databaseFault } from '../reliable/postgres/faults.ts';
import { type Refusal, RefusedError, type Reply, unavailable } from '../reliable/refusal.ts';
import { contextOf } from './context.ts';

let typeBase = UNPUBLISHED_TYPES;

/** Set the base URL of problem types to the pages below `publicUrl`. Called once at startup. */
export function publishProblemsAt(publicUrl: string): void {
  typeBase = `${publicUrl}/docs/problems/`;
}

/** The `type` of problems with this code; `gateway` stands for all errors of the gateway. */
export function problemType(code: string): string {
  return typeBase + code;
}

const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8';

/** The occurrence of a problem: `instance` of RFC 9457, and the request id in the logs. */
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

/** A refusal that is returned instead of thrown, so that it is stored under the key and replayed. */
export function toRefusal(req: Pick<Request, 'path'>, res: Response, refusal: Refusal): Reply {
  return toProblem(refusal, { instance: req.path, traceId: contextOf(res).requestId });
}

/**
 * Send a response; `replayed` marks it as a replay (draft-ietf-httpapi-idempotency-key-header). All routes use it except health
 * and metrics, whose 503 is not a problem document.
 */
export function sendReply(res: Response, reply: Reply, replayed = false): void {
  if (reply.retryAfterSeconds !== undefined) res.set('Retry-After', String(reply.retryAfterSeconds));
  if (reply.location) res.set('Location', reply.location);
  if (replayed) res.set('Idempotent-Replayed', 'true');
  res.set('Content-Type', reply.status >= 400 ? PROBLEM_MEDIA_TYPE : 'application/json; charset=utf-8');
  res.status(reply.status).end(reply.body);
}

/** The only place where thrown errors become responses. A 500 discloses no details; its log line has them. */
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

/** Errors of Express's body reader and URL decoder (npm `raw-body`, `body-parser`: `type`). */
function asBodyFault(error: unknown): RefusedError | undefined {
  const { type, status } = (error ?? {}) as { type?: string; status?: number };
  if (type === 'entity.too.large') return payloadTooLarge();
  if (type === 'encoding.unsupported') {
    return refused('unsupported-media-type', 'The body must not be compressed.');
  }
  if (type === 'request.aborted' || type === 'request.size.invalid') {
    return refused('invalid-json', 'The body ended early.');
  }
  // A path with an invalid percent-encoding identifies no resource.
  if (error instanceof URIError && status === 400) return refused('not-found', 'The path is malformed.');
  return undefined;
}
