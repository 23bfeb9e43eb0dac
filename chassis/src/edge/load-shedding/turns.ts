import type { RequestHandler } from 'express';
import type { Metrics } from '../../base/telemetry/metrics.ts';
import { overloaded } from '../../reliable/refusal.ts';
import { adoptRequestId } from '../context.ts';
import { sendReply, toProblem } from '../problem.ts';
import { LOAD_LIMITS } from './limits.ts';

// What is never refused, beside the paths that the caller names.
const EXEMPT = ['health', 'metrics', 'docs'];

export interface TurnLimit {
  longestTurnMs?: number | undefined;
  /** First segments of paths that are exempt too: of internal calls, each of which is for many requests. */
  exempt?: readonly string[];
}

/**
 * Refuse what is left when a turn of the event loop has taken too long, for a fraction of what the request would cost.
 * Answers of the database are read in the same turns: a process that takes in all that has arrived before it goes on with
 * what it has begun gets slower with each request that it refuses properly, until nothing is in time any more.
 */
export function limitTurns(
  { requestsShed }: Pick<Metrics, 'requestsShed'>,
  { longestTurnMs = LOAD_LIMITS.longestTurnMs, exempt = [] }: TurnLimit = {},
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
