import type { Request, RequestHandler } from 'express';
import { overloaded } from '../../reliable/refusal.ts';
import { LOAD_LIMITS } from './limits.ts';

// Counted for a request in addition to its body: 2,000 small requests reach the limit.
const REQUEST_BYTES = 8 * 1024;
// Longer bodies are 413 on every route. A body of unknown length counts as this (Kong sends every body with its length).
const LARGEST_BODY_BYTES = 1024 * 1024;

/**
 * Refuse a request, before its body is read, that would take too much memory together with the others under way. Runs after the
 * check of the caller's token, so that requests without one do not count.
 */
export function limitUnderWay(maxBytes = LOAD_LIMITS.underWayBytes): RequestHandler {
  let underWayBytes = 0;
  return (req, res, next) => {
    const bytes = REQUEST_BYTES + Math.min(bodyLength(req), LARGEST_BODY_BYTES);
    if (underWayBytes + bytes > maxBytes) throw overloaded();
    underWayBytes += bytes;
    res.on('close', () => {
      underWayBytes -= bytes;
    });
    next();
  };
}

function bodyLength(req: Request): number {
  if (req.headers['transfer-encoding'] !== undefined) return LARGEST_BODY_BYTES;
  return Number(req.headers['content-length'] ?? 0);
}
