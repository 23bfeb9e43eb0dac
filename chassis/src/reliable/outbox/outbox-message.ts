import { randomUUIDv7 } from 'node:crypto';
import {
  type Envelope,
  type MessageDefinition,
  type PayloadOf,
  writeEnvelope,
} from '../messaging/message-definition.ts';
import { booleans, texts, uuids } from '../postgres/arrays.ts';
import type { Queryable } from '../postgres/connections.ts';

/** A message on its way into the table `outbox_messages`. */
export interface OutboxRow {
  messageId: string;
  /** Empty for the default exchange; the routing key is then a queue's name. */
  exchange: string;
  routingKey: string;
  mandatory: boolean;
  subjectId: string | undefined;
  body: string;
  traceparent: string | undefined;
}

/** Where a message comes from. */
export interface MessageContext {
  /** The id of what it is about, where it is about a subject. */
  subjectId?: string;
  correlationId: string;
  causationId?: string;
  occurredAt: Date;
  traceparent?: string;
}

/** Build a message. Throws when the payload is not exactly what the definition says: that is a bug of the caller. */
export function toOutboxRow<Definition extends MessageDefinition>(
  definition: Definition,
  payload: PayloadOf<Definition>,
  context: MessageContext,
): OutboxRow {
  const messageId = randomUUIDv7();
  const envelope: Envelope = {
    id: messageId,
    type: definition.type,
    version: definition.version,
    occurredAt: context.occurredAt.toISOString(),
    producer: definition.producer,
    correlationId: context.correlationId,
    causationId: context.causationId,
    payload,
  };
  return {
    messageId,
    exchange: definition.exchange,
    routingKey: definition.routingKey,
    mandatory: definition.mandatory,
    subjectId: context.subjectId,
    body: writeEnvelope(definition, envelope),
    traceparent: context.traceparent,
  };
}

/**
 * The rows as parallel arrays, for a larger statement that writes its messages in the same breath:
 * `unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::uuid[], $6::text[], $7::text[])
 *  AS m (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)`.
 */
export function outboxColumns(rows: readonly OutboxRow[]): Buffer[] {
  return [
    uuids(rows.map((row) => row.messageId)),
    texts(rows.map((row) => row.exchange)),
    texts(rows.map((row) => row.routingKey)),
    booleans(rows.map((row) => row.mandatory)),
    uuids(rows.map((row) => row.subjectId)),
    texts(rows.map((row) => row.body)),
    texts(rows.map((row) => row.traceparent)),
  ];
}

/**
 * SQL that says whether a command for this subject, an expression, is still unsent. In the order of its index: while the
 * outbox is empty any index looks as good, and the plan is kept for when the broker was away for hours.
 */
export function hasUnsentCommand(subject: string): string {
  return /* sql */ `((
    SELECT true FROM outbox_messages m WHERE m.mandatory AND m.subject_id BETWEEN ${subject} AND ${subject}
    ORDER BY m.subject_id LIMIT 1) IS NOT NULL)`;
}

/** Promise to send these messages, in the transaction of the change that they tell of. */
export async function addToOutbox(q: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  if (rows.length === 0) return;
  await q.query({
    name: 'outbox-add',
    text: /* sql */ `
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::uuid[], $6::text[], $7::text[])`,
    values: outboxColumns(rows),
  });
}
