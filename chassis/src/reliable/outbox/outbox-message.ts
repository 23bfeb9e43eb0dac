import { randomUUIDv7 } from 'node:crypto';
import {
  type Envelope,
  type MessageDefinition,
  type PayloadOf,
  writeEnvelope,
} from '../messaging/message-definition.ts';
import { booleans, texts, uuids } from '../postgres/arrays.ts';
import type { Queryable } from '../postgres/connections.ts';

/** A row to insert into `outbox_messages`. */
export interface OutboxRow {
  messageId: string;
  /** Empty for the default exchange, whose routing key is the name of a queue. */
  exchange: string;
  routingKey: string;
  mandatory: boolean;
  subjectId: string | undefined;
  body: string;
  traceparent: string | undefined;
}

/** The origin of a message. */
export interface MessageContext {
  /** Id of its subject, if it has one. */
  subjectId?: string;
  correlationId: string;
  causationId?: string;
  occurredAt: Date;
  traceparent?: string;
}

/** Build a message. Throws if the payload does not match the definition exactly, which is a bug of the caller. */
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
 * The rows as parallel arrays, for a larger statement that also writes messages:
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
 * SQL expression: whether a command for this subject (an SQL expression too) is still unsent. ORDER BY forces the index on
 * subject_id: while the outbox is empty all indexes cost the same, and the cached plan would be slow after a long outage.
 */
export function hasUnsentCommand(subject: string): string {
  return /* sql */ `((
    SELECT true FROM outbox_messages m WHERE m.mandatory AND m.subject_id BETWEEN ${subject} AND ${subject}
    ORDER BY m.subject_id LIMIT 1) IS NOT NULL)`;
}

/** Add messages to the outbox, in the transaction of the change that they report. */
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
