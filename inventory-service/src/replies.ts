import { contextOf } from '@shop/chassis/edge/context.ts';
import { toProblem } from '@shop/chassis/edge/problem.ts';
import type { Refusal, Reply } from '@shop/chassis/reliable/refusal.ts';
import type { Request, Response } from 'express';
import type { Cause } from './reservations/decide.ts';

/** What this request's messages say of their origin. */
export function causeOf(res: Response): Cause {
  const { requestId, traceparent } = contextOf(res);
  return { correlationId: requestId, traceparent };
}

/** A refusal that is an answer: it is stored, and given again to a repeat. */
export function toRefusal(req: Request, res: Response, refusal: Refusal): Reply {
  return toProblem(refusal, { instance: req.path, traceId: contextOf(res).requestId });
}

/** An answer with a body. */
export function toReply(status: number, body: unknown, location?: string): Reply {
  return { status, body: JSON.stringify(body), location };
}
