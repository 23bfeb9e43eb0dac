import { contextOf } from '@shop/chassis/edge/context.ts';
import type { Response } from 'express';
import type { Cause } from './reservations/decide.ts';

/** The origin of the messages of a request. */
export function causeOf(res: Response): Cause {
  const { requestId, traceparent } = contextOf(res);
  return { correlationId: requestId, traceparent };
}
