import type { ConsumeMessage } from 'amqplib';
import { readTraceparent } from '../trace-context.ts';
import { unansweredDeliveries } from './delivery-counts.ts';
import { DELIVERY_LIMIT_REACHED, lostConsumers } from './failures.ts';
import type { Fate, IncomingMessage } from './handle-batch.ts';
import { type MessageDefinition, type ReadOutcome, readEnvelope } from './message-definition.ts';

/** A delivery and its parsed message. */
export interface Reading<Definition extends MessageDefinition> {
  delivery: ConsumeMessage;
  /** Absent if it was refused. */
  incoming?: IncomingMessage<Definition>;
  refused?: Fate & { kind: 'dead-letter' };
}

/** A delivery with its outcome. */
export type Processed = Reading<MessageDefinition> & { fate: Fate };

// The largest message of the services has 150 KB. A consumer holds as many deliveries as fit into a batch, so this limit
// bounds its memory.
export const LARGEST_BODY_BYTES = 256 * 1024;

/** Reason: the body exceeds the size limit and was not read. */
export const TOO_LARGE = 'too-large';

/** The error if a body is too large, for people; otherwise undefined. */
export function faultOfSize(content: Buffer): string | undefined {
  if (content.length <= LARGEST_BODY_BYTES) return undefined;
  return `the body has ${content.length} bytes; the limit is ${LARGEST_BODY_BYTES}`;
}

/**
 * The message in a body, or the reason why it can never be handled. No decision depends on `occurredAt`, so the producer's
 * clock may be wrong.
 */
export function readBody<Definition extends MessageDefinition>(
  content: Buffer,
  definitions: readonly Definition[],
): ReadOutcome<Definition> {
  return readEnvelope(content.toString('utf8'), definitions);
}

/** The message of a delivery, or the reason why it is not handled. */
export function readDelivery<Definition extends MessageDefinition>(
  delivery: ConsumeMessage,
  definitions: readonly Definition[],
  deliveryLimit: number,
): Reading<Definition> {
  const unanswered = unansweredDeliveries(delivery);
  // Checked before the broker's limit applies, one delivery later. The broker's count restarts at 0 for each copy and has no
  // details.
  if (unanswered >= deliveryLimit)
    return {
      delivery,
      refused: { kind: 'dead-letter', reason: DELIVERY_LIMIT_REACHED, detail: lostConsumers(unanswered) },
    };
  const outcome = readBody(delivery.content, definitions);
  if (outcome.kind === 'refused')
    return { delivery, refused: { kind: 'dead-letter', reason: outcome.reason, detail: outcome.detail } };
  const headers: Record<string, unknown> = delivery.properties.headers ?? {};
  const traceparent = typeof headers.traceparent === 'string' ? headers.traceparent : undefined;
  const { definition, message } = outcome;
  return { delivery, incoming: { message, definition, traceparent, headers } as IncomingMessage<Definition> };
}

/** Identifies the message in its log line and its span. Its content is never logged. */
export function describe({ delivery: { properties }, incoming }: Reading<MessageDefinition>) {
  return {
    messageId: properties.messageId,
    messageType: properties.type,
    traceId: readTraceparent(incoming?.traceparent ?? properties.headers?.traceparent)?.traceId,
    requestId: incoming?.message.correlationId,
  };
}
