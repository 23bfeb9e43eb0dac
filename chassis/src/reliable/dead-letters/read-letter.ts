import { createHash } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { DELIVERY_LIMIT_REACHED, lostConsumers } from '../messaging/failures.ts';
import { type MessageDefinition, readEnvelope } from '../messaging/message-definition.ts';
import { faultOfSize, TOO_LARGE } from '../messaging/read-delivery.ts';
import type { Subject } from '../messaging/subject.ts';
import { DELIVERY_LIMIT } from '../messaging/topology.ts';
import type { HistoryEntry } from './dead-letter.ts';

/** A delivery from a dead-letter queue, sanitized so that it can always be stored. */
export interface ArrivedLetter {
  id: string;
  queue: string;
  type: string;
  reason: string;
  attempts: number;
  history: HistoryEntry[];
  messageId: string;
  /** It has no message id, so it cannot be distinguished from another one with the same body. */
  unnamed: boolean;
  /**
   * The broker has delivered it before: to a drainer that crashed or, since RabbitMQ 4, to the consumer that rejected it.
   */
  redelivered: boolean;
  /** The broker's delivery count. Of two deliveries of one letter, the later one has the higher count. */
  deliveries: number;
  /** If it is a replay: the dead letter's id, and the replay's number (1 = first). */
  replayOf: { id: string; replay: number } | undefined;
  subjectId: string | undefined;
  routingKey: string;
  /** Without the broker's counts, so that they are the same at every delivery of one letter. */
  headers: Record<string, unknown>;
  traceparent: string | undefined;
  body: string;
  bodyDigest: Buffer;
}

// Larger bodies are not parsed for the type, because parsing would block the process.
const PARSED_AT_MOST_BYTES = 1024 * 1024;
const LARGEST_COUNT = 1_000_000_000;
const uuid = z.guid().toLowerCase();
// Headers of quorum queues. Since RabbitMQ 4.3 the second counts all deliveries, and the first only failed ones.
const DELIVERED = 'x-delivery-count';
const ACQUIRED = 'x-acquired-count';

/** Read a delivery from the dead-letter queue of `queue`. Its content is untrusted. */
export function readLetter(queue: string, delivery: ConsumeMessage, now: Date, subject: Subject): ArrivedLetter {
  const { properties, content, fields } = delivery;
  const {
    [DELIVERED]: delivered,
    [ACQUIRED]: acquired,
    ...headers
  }: Record<string, unknown> = properties.headers ?? {};
  const id = uuidv7();
  const body = withoutNul(content.toString('utf8'));
  const envelope = content.length > PARSED_AT_MOST_BYTES ? {} : parse(body);
  const death = deathIn(headers, queue);
  const moved = death && movedByBroker(death.reason, content);
  const reason = asCode(headers['x-reason']) ?? asCode(moved?.reason) ?? 'unknown';
  const detail = typeof headers['x-detail'] === 'string' ? headers['x-detail'] : moved?.detail;
  const messageId = asText(properties.messageId);
  return {
    id,
    queue,
    type: asCode(envelope.type) ?? asCode(properties.type) ?? 'unknown',
    reason,
    attempts: asCount(headers['x-attempts']) + asCount(headers['x-unanswered']) + (moved?.attempts ?? 0),
    history: [...failures(headers), { type: 'dead-lettered', at: now.toISOString(), reason, detail }],
    messageId: messageId ?? `unnamed-${id}`,
    unnamed: messageId === undefined,
    redelivered: fields.redelivered,
    deliveries: Math.max(asCount(delivered), asCount(acquired)),
    replayOf: replayIn(headers),
    subjectId: subject.idIn(asObject(envelope.payload) ?? {}),
    routingKey: asText(headers['x-routing-key']) ?? asText(death?.routingKey) ?? fields.routingKey,
    headers,
    traceparent: asTraceparent(headers.traceparent),
    body,
    bodyDigest: digestOf(body),
  };
}

/** Reason: the event was dropped because its queue was full. */
export const DROPPED = 'dropped';

/** Used as the queue name for messages that never reached the broker. */
export const OUTBOX = 'outbox';

/** The message in a row of the outbox. */
export interface UnsentMessage {
  message_id: string;
  exchange: string;
  routing_key: string;
  mandatory: boolean;
  subject_id: string | null;
  body: string;
  traceparent: string | null;
  headers: Record<string, unknown> | null;
}

/**
 * A letter for a message that cannot be sent, with all that a replay needs. If it was a replay, it belongs to the replayed
 * letter.
 */
export function unsendableLetter(message: UnsentMessage, now: Date): ArrivedLetter {
  const { message_id: messageId, exchange, routing_key: routingKey, mandatory, body } = message;
  const { type } = parse(body);
  const headers = message.headers ?? {};
  const reason = 'unencodable';
  const detail = 'the routing key, type or headers cannot be encoded in AMQP';
  return {
    id: uuidv7(),
    queue: exchange === '' ? routingKey : OUTBOX,
    type: asCode(type) ?? 'unknown',
    reason,
    attempts: 1,
    history: [{ type: 'dead-lettered', at: now.toISOString(), reason, detail }],
    messageId,
    unnamed: false,
    redelivered: false,
    deliveries: 1,
    replayOf: replayIn(headers),
    subjectId: message.subject_id ?? undefined,
    routingKey,
    headers: { ...headers, 'x-exchange': exchange, 'x-mandatory': mandatory },
    traceparent: message.traceparent ?? undefined,
    body,
    bodyDigest: digestOf(body),
  };
}

/**
 * Whether this body can never be read as one of these messages. A body with an unknown version is not unreadable, because
 * another release may know it.
 */
export function isUnreadable(body: string, definitions: readonly MessageDefinition[]): boolean {
  const outcome = readEnvelope(body, definitions);
  return (
    faultOfSize(Buffer.from(body)) !== undefined || (outcome.kind === 'refused' && outcome.reason === 'unparseable')
  );
}

function digestOf(body: string): Buffer {
  return createHash('sha256').update(body).digest();
}

function parse(body: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(body)) ?? {};
  } catch {
    return {};
  }
}

/** Why the broker dead-lettered it, if the broker did. RabbitMQ's `delivery_limit` becomes `delivery-limit`. */
function deathIn(headers: Record<string, unknown>, queue: string) {
  const deaths = Array.isArray(headers['x-death']) ? headers['x-death'].map(asObject) : [];
  const death = deaths.find((one) => one?.queue === queue);
  if (!death) return undefined;
  const keys: unknown = death['routing-keys'];
  return { reason: String(death.reason).replaceAll('_', '-'), routingKey: Array.isArray(keys) ? keys[0] : undefined };
}

/** The reason and detail for a message dead-lettered by the broker, which has no headers from the consumer. */
function movedByBroker(reason: string, content: Buffer): { reason: string; detail?: string; attempts: number } {
  const attempts = DELIVERY_LIMIT + 1;
  if (reason === DELIVERY_LIMIT_REACHED) return { reason, detail: lostConsumers(attempts), attempts };
  if (reason === 'maxlen')
    return { reason: DROPPED, detail: 'the queue was full, and this was its oldest message', attempts: 0 };
  const fault = faultOfSize(content);
  if (reason === 'rejected' && fault !== undefined) return { reason: TOO_LARGE, detail: fault, attempts: 1 };
  return { reason, attempts: 0 };
}

function failures(headers: Record<string, unknown>): HistoryEntry[] {
  const attempts: unknown[] = Array.isArray(headers['x-history']) ? headers['x-history'] : [];
  return attempts.flatMap((attempt) => {
    const members = asObject(attempt);
    return members ? [{ ...members, type: 'failed' as const }] : [];
  });
}

function replayIn(headers: Record<string, unknown>): ArrivedLetter['replayOf'] {
  const id = uuid.safeParse(headers['x-dead-letter-id']).data;
  const replay = headers['x-replay'];
  return id && typeof replay === 'number' && Number.isInteger(replay) ? { id, replay } : undefined;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Types and reasons are parts of group names, which appear in URLs and on command lines. */
function asCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,100}$/.test(value) ? value : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? withoutNul(value) : undefined;
}

function asTraceparent(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f-]{1,100}$/.test(value) ? value : undefined;
}

function asCount(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), LARGEST_COUNT) : 0;
}

/** PostgreSQL text cannot contain NUL. Valid JSON has NUL only as an escape, so messages of the services are not changed. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
