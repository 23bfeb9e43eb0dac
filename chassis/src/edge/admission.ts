import type { Request, RequestHandler } from 'express';
import { overloaded } from '../reliable/refusal.ts';

export interface AdmissionLimits {
  /** Requests under way at most. */
  requests: number;
  /** Sum of their bodies at most. */
  bodyBytes: number;
}

// What a process of 300 MB can hold beside its batches: at some 15 KB per request that waits, 30 MB; and each byte of a
// body some five times, as text and as parsed.
const LIMITS: AdmissionLimits = { requests: 2_000, bodyBytes: 16 * 1024 * 1024 };
// A body of unknown length counts as a large one (Kong sends every body with its length), and none for more than any route
// takes: what is longer is 413 at once.
const UNKNOWN_LENGTH_BYTES = 1024 * 1024;
const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Refuse, before anything of it is read, what would be too much at once. It stands behind the check of the caller's
 * token: those who have none hold nothing here.
 */
export function createAdmission(limits = LIMITS): RequestHandler {
  let requests = 0;
  let bodyBytes = 0;
  return (req, res, next) => {
    const weight = Math.min(bodyLength(req), LARGEST_BODY_BYTES);
    if (requests >= limits.requests || bodyBytes + weight > limits.bodyBytes) throw overloaded();
    requests += 1;
    bodyBytes += weight;
    res.on('close', () => {
      requests -= 1;
      bodyBytes -= weight;
    });
    next();
  };
}

function bodyLength(req: Request): number {
  if (req.headers['transfer-encoding'] !== undefined) return UNKNOWN_LENGTH_BYTES;
  return Number(req.headers['content-length'] ?? 0);
}
