import { z } from 'zod';

/**
 * A message type. `payload` is the consumer's schema: unknown members are dropped, so that newer producers may add members.
 * Producers use {@link writeEnvelope}, which rejects unknown members.
 */
export interface MessageDefinition<Type extends string = string, Payload extends z.ZodObject = z.ZodObject> {
  type: Type;
  version: number;
  exchange: string;
  /** The type with its version, so that a queue binds only to versions that its consumer can read. */
  routingKey: string;
  /** What it reports or requests, in one sentence for `asyncapi.yaml`. */
  meaning: string;
  /** Names of services. */
  producer: string;
  consumers: readonly string[];
  /** Whether an unroutable message is an error. An event without subscribers is not. */
  mandatory: boolean;
  payload: Payload;
}

/** The payload of a definition, as the producer writes it and the consumer gets it. */
export type PayloadOf<Definition extends MessageDefinition> = z.infer<Definition['payload']>;

/** A message as sent: the payload and its metadata. A union of definitions gives a union that `type` discriminates. */
export type Envelope<Definition extends MessageDefinition = MessageDefinition> = Definition extends MessageDefinition
  ? {
      /** The permanent id of the message, also its key in the consumer's inbox. */
      id: string;
      type: Definition['type'];
      version: number;
      /** Time of the event by the producer's clock, not of publishing. */
      occurredAt: string;
      producer: string;
      /** Id of the client request that caused the message. */
      correlationId: string;
      /** Id of the message that caused this one, if any. */
      causationId?: string;
      payload: PayloadOf<Definition>;
    }
  : never;

/** The members of every envelope except its payload. */
export const envelopeHead = {
  // Lower case, like PostgreSQL's output, because ids are compared as text.
  id: z.uuid().toLowerCase(),
  type: z.string(),
  version: z.int().positive(),
  occurredAt: z.iso.datetime(),
  producer: z.string(),
  correlationId: z.string().min(1).max(200),
  causationId: z.string().min(1).max(200).optional(),
};
const anyEnvelope = z.object({ ...envelopeHead, payload: z.unknown() });
const writtenHead = z.strictObject({ ...envelopeHead, payload: z.unknown() });

export type ReadOutcome<Definition extends MessageDefinition> =
  | { kind: 'read'; definition: Definition; message: Envelope<Definition> }
  | { kind: 'refused'; reason: 'unparseable' | 'unknown-type'; detail: string };

/** Read a received message. Unknown members are dropped; an unreadable message is a returned outcome, not an exception. */
export function readEnvelope<Definition extends MessageDefinition>(
  body: string,
  definitions: readonly Definition[],
): ReadOutcome<Definition> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { kind: 'refused', reason: 'unparseable', detail: (error as Error).message };
  }
  const envelope = anyEnvelope.safeParse(json);
  if (!envelope.success) return { kind: 'refused', reason: 'unparseable', detail: z.prettifyError(envelope.error) };
  const { type, version } = envelope.data;
  const definition = definitions.find((known) => known.type === type && known.version === version);
  if (!definition) return { kind: 'refused', reason: 'unknown-type', detail: `${type} version ${version}` };
  const payload = definition.payload.safeParse(envelope.data.payload);
  if (!payload.success) return { kind: 'refused', reason: 'unparseable', detail: z.prettifyError(payload.error) };
  return { kind: 'read', definition, message: { ...envelope.data, payload: payload.data } as Envelope<Definition> };
}

/** Serialize a message as JSON. Throws if it does not match its definition exactly, also for unknown members. */
export function writeEnvelope(definition: MessageDefinition, envelope: Envelope): string {
  const payload = strictPayload(definition).parse(envelope.payload);
  return JSON.stringify({ ...writtenHead.parse(envelope), payload });
}

const strictPayloads = new WeakMap<MessageDefinition, z.ZodType>();

function strictPayload(definition: MessageDefinition): z.ZodType {
  const known = strictPayloads.get(definition);
  if (known) return known;
  const strict = strictly(definition.payload);
  strictPayloads.set(definition, strict);
  return strict;
}

/** The same schema with every object strict. */
function strictly(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject)
    return z.strictObject(
      Object.fromEntries(Object.entries(schema.shape).map(([name, member]) => [name, strictly(member)])),
    );
  if (schema instanceof z.ZodArray) {
    // A clone with another element keeps the limits on the array's length.
    return schema.clone({ ...schema.def, element: strictly(schema.element) });
  }
  if (schema instanceof z.ZodOptional) return strictly(schema.unwrap()).optional();
  return schema as z.ZodType;
}
