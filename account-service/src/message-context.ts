import { contextOf } from '@shop/chassis/edge/context.ts';
import type { MessageContext } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import type { Response } from 'express';

/** What the messages of a request have in common. */
export function messageContextOf(res: Response, occurredAt: Date): MessageContext {
  const { requestId, traceparent } = contextOf(res);
  return { correlationId: requestId, traceparent, occurredAt };
}
