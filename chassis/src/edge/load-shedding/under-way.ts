import type { Request, RequestHandler } from 'express';
import { overloaded } from '../../reliable/refusal.ts';
import { LOAD_LIMITS } from './limits.ts';

// What a request counts beside its body: 2,000 small ones reach the limit.
const REQUEST_BYTES = 8 * 1024;
// No route takes a longer body: it is 413 at once. One of unknown length counts as that (Kong sends every body with its length).
const LARGEST_BODY_BYTES = 1024 * 1024;

/**
 * Refuse, before anything of it is read, what would be too much in memory at once. It stands behind the check of the
 * caller's token: those who have none hold nothing here.
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
