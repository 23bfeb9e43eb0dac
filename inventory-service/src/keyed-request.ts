import { contextOf } from '@shop/chassis/http/context.ts';
import { type Refusal, type Reply, toProblem } from '@shop/chassis/http/problem.ts';
import { fingerprint } from '@shop/chassis/idempotency/fingerprint.ts';
import type { KeyedRequest } from '@shop/chassis/idempotency/idempotently.ts';
import type { Request, Response } from 'express';
import { problems } from './errors.ts';
import type { Cause } from './reservations/decide.ts';

/** A write as its key sees it: who sent it, and what it asks for. */
export function toKeyedRequest(req: Request, res: Response, key: string, body: unknown): KeyedRequest {
  return {
    clientId: clientOf(res),
    key,
    fingerprint: fingerprint({
      method: req.method,
      route: req.route.path,
      parameters: req.params as Record<string, string>,
      body,
    }),
  };
}

/** The caller, on a route behind `identifyClient`. */
function clientOf(res: Response): string {
  const { clientId } = contextOf(res);
  if (!clientId) throw new Error('the route does not identify its client');
  return clientId;
}

/** What this request's messages say of their origin. */
export function causeOf(res: Response): Cause {
  const { requestId, traceparent } = contextOf(res);
  return { correlationId: requestId, traceparent };
}

/** A refusal that is an answer: it is stored, and given again to a repeat. */
export function toRefusal(req: Request, res: Response, refusal: Refusal): Reply {
  return toProblem(problems, refusal, { instance: req.path, traceId: contextOf(res).requestId });
}

/** An answer with a body. */
export function toReply(status: number, body: unknown, location?: string): Reply {
  return { status, body: JSON.stringify(body), location };
}
