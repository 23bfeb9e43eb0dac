import type { RequestHandler } from 'express';
import type { Metrics } from '../../base/telemetry/metrics.ts';
import { overloaded } from '../../reliable/refusal.ts';
import { adoptRequestId } from '../context.ts';
import { sendReply, toProblem } from '../problem.ts';
import { LOAD_LIMITS } from './limits.ts';

// Never refused, in addition to the paths that the caller passes.
const EXEMPT = ['health', 'metrics', 'docs'];

export interface TurnLimit {
  longestTurnMs?: number | undefined;
  /** First path segments of internal calls, which are exempt because each serves many requests. */
  exempt?: readonly string[];
}

/**
 * Refuse the remaining requests of a turn of the event loop that has taken too long, at a fraction of the cost of a request.
 * The responses of the database are read in the same turns: a process that first reads all arrived requests, if only to refuse
 * them in the usual way, delays the requests in progress until all of them time out.
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
      // Runs after everything that was ready to be read.
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
