import type { RequestHandler } from 'express';
import type { Metrics } from '../base/telemetry/metrics.ts';
import { overloaded } from '../reliable/refusal.ts';
import { adoptRequestId } from './context.ts';
import { sendReply, toProblem } from './problem.ts';

// A write over two services takes some five turns of their event loops; with turns longer than this its 2.5 s are over. A thousand requests that come at once, to a process that has its processor, fit in.
const LONGEST_TURN_MS = 250;
// What is never refused, beside the paths that the caller names.
const EXEMPT = ['health', 'metrics', 'docs'];

export interface SheddingOptions {
  longestTurnMs?: number | undefined;
  /** First segments of paths that are exempt too: of internal calls, each of which is for many requests. */
  exempt?: readonly string[];
}

/**
 * Refuse what is left when a turn of the event loop has taken too long, for a fraction of what the request would cost.
 * Answers of the database are read in the same turns: a process that takes in all that has arrived before it goes on with
 * what it has begun gets slower with each request that it refuses properly, until nothing is in time any more.
 */
export function shedExcess(
  { requestsShed }: Metrics,
  { longestTurnMs = LONGEST_TURN_MS, exempt = [] }: SheddingOptions = {},
): RequestHandler {
  const isExempt = new RegExp(`^/(${[...EXEMPT, ...exempt].join('|')})(/|$)`);
  let turnBegan: number | undefined;
  const refused = overloaded();
  return (req, res, next) => {
    const now = performance.now();
    if (turnBegan === undefined) {
      turnBegan = now;
      // Comes after all that was ready to be read.
      setImmediate(() => {
        turnBegan = undefined;
      });
    }
    if (now - turnBegan <= longestTurnMs || isExempt.test(req.path)) return next();
    requestsShed.inc();
    const occurrence = { instance: req.path, traceId: adoptRequestId(req.headers['x-kong-request-id']) };
    sendReply(res, { ...toProblem(refused.refusal, occurrence), retryAfterSeconds: refused.retryAfterSeconds });
  };
}
