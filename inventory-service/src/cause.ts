import { contextOf } from '@shop/chassis/edge/context.ts';
import type { Response } from 'express';
import type { Cause } from './reservations/decide.ts';

/** What this request's messages say of their origin. */
export function causeOf(res: Response): Cause {
  const { requestId, traceparent } = contextOf(res);
  return { correlationId: requestId, traceparent };
}
