import type { Span, Tracing } from '../telemetry.ts';
import type { Fate } from './handle-batch.ts';
import type { MessageDefinition } from './message-definition.ts';
import { describe, type Reading } from './read-delivery.ts';
import type { Subject } from './subject.ts';

export interface TracedQueue {
  queue: string;
  tracing: Tracing;
  subject: Subject | undefined;
}

/**
 * Start a span for each delivery, the parent of everything the delivery causes. Without a trace context, it joins the trace
 * of the request.
 */
export function startSpans<Definition extends MessageDefinition>(
  { queue, tracing, subject }: TracedQueue,
  readings: readonly Reading<Definition>[],
): Span[] {
  return readings.map((reading) => {
    const { delivery, incoming } = reading;
    const { messageId, messageType, requestId } = describe(reading);
    const span = tracing.start(`process ${queue}`, {
      kind: 'consumer',
      parent: incoming?.traceparent ?? (delivery.properties.headers?.traceparent as string | undefined),
      traceId: requestId,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.operation.type': 'process',
        'messaging.destination.name': queue,
        'messaging.message.id': messageId,
        'shop.message.type': messageType,
        ...(subject && incoming && { [subject.spanAttribute]: subject.idIn(incoming.message.payload) }),
      },
    });
    if (incoming) incoming.traceparent = span.traceparent;
    return span;
  });
}

/** End the span of a delivery; `undefined` means that it was not acknowledged. */
export function endSpan(span: Span, fate: Fate | undefined): void {
  const outcome = fate?.kind ?? 'unanswered';
  const failed = outcome === 'handled' || outcome === 'duplicate' ? undefined : outcome;
  span.end({ attributes: { 'shop.message.outcome': outcome }, failed });
}
