import type { ConsumeMessage } from 'amqplib';
import { readTraceparent } from '../trace-context.ts';
import { unansweredDeliveries } from './delivery-counts.ts';
import { DELIVERY_LIMIT_REACHED, lostConsumers } from './failures.ts';
import type { Fate, IncomingMessage } from './handle-batch.ts';
import { type MessageDefinition, type ReadOutcome, readEnvelope } from './message-definition.ts';

/** A delivery, and what it says. */
export interface Reading<Definition extends MessageDefinition> {
  delivery: ConsumeMessage;
  /** Absent when it was refused. */
  incoming?: IncomingMessage<Definition>;
  refused?: Fate & { kind: 'dead-letter' };
}

/** A delivery of which it is known what became of it. */
export type Settled = Reading<MessageDefinition> & { fate: Fate };

// The largest message that is sent here has 150 KB. A consumer holds as many deliveries as a batch has members, so this
// bounds its memory.
export const LARGEST_BODY_BYTES = 256 * 1024;

/** The reason of a dead letter that nobody read. */
export const TOO_LARGE = 'too-large';

/** What is wrong with the size of a body, for people; undefined when nothing is. */
export function faultOfSize(content: Buffer): string | undefined {
  if (content.length <= LARGEST_BODY_BYTES) return undefined;
  return `${content.length} bytes; a message has at most ${LARGEST_BODY_BYTES}`;
}

/**
 * The message in a body; or why no attempt would ever handle it. Nothing is decided by its `occurredAt`, so the clock of its
 * producer may be wrong by any time.
 */
export function readBody<Definition extends MessageDefinition>(
  content: Buffer,
  definitions: readonly Definition[],
): ReadOutcome<Definition> {
  return readEnvelope(content.toString('utf8'), definitions);
}

/** What a delivery says; or why it is not handled. */
export function readDelivery<Definition extends MessageDefinition>(
  delivery: ConsumeMessage,
  definitions: readonly Definition[],
  deliveryLimit: number,
): Reading<Definition> {
  const unanswered = unansweredDeliveries(delivery);
  // Before the broker does it, one delivery later: it counts again from 0 for each copy, and cannot say what happened.
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

/** Which message it is, for its log line and its span. Its content is never reported. */
export function describe({ delivery: { properties }, incoming }: Reading<MessageDefinition>) {
  return {
    messageId: properties.messageId,
    messageType: properties.type,
    traceId: readTraceparent(incoming?.traceparent ?? properties.headers?.traceparent)?.traceId,
    requestId: incoming?.message.correlationId,
  };
}
