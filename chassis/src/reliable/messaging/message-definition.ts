import { z } from 'zod';

/**
 * One message of the system. `payload` is what a consumer reads: it drops members that it does not know, so that a
 * newer producer may add some. The producer's side, {@link writeEnvelope}, refuses them.
 */
export interface MessageDefinition<Type extends string = string, Payload extends z.ZodObject = z.ZodObject> {
  type: Type;
  version: number;
  exchange: string;
  /** The type with its version: a queue binds to exactly the versions that its consumer can read. */
  routingKey: string;
  /** What it tells or asks for, in a sentence of `asyncapi.yaml`. */
  meaning: string;
  /** Names of services. */
  producer: string;
  consumers: readonly string[];
  /** Whether a message that no queue takes is an error. An event that nobody listens to is none. */
  mandatory: boolean;
  payload: Payload;
}

/** The payload of a definition, as the producer writes it and the consumer gets it. */
export type PayloadOf<Definition extends MessageDefinition> = z.infer<Definition['payload']>;

/** What travels: the payload and where it comes from. A union of definitions gives a union that `type` tells apart. */
export type Envelope<Definition extends MessageDefinition = MessageDefinition> = Definition extends MessageDefinition
  ? {
      /** Identifies the message, for ever: it is also the key of the consumer's inbox. */
      id: string;
      type: Definition['type'];
      version: number;
      /** When the fact happened, by the producer's clock; not when it was published. */
      occurredAt: string;
      producer: string;
      /** Of the client's request from which everything followed. */
      correlationId: string;
      /** The id of the message that caused this one, if a message did. */
      causationId?: string;
      payload: PayloadOf<Definition>;
    }
  : never;

/** The members of every envelope beside its payload. */
export const envelopeHead = {
  // In lower case, as PostgreSQL writes it: ids are compared as text.
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

/** Read a message that arrived. Unknown members are dropped; what cannot be understood is an outcome, not an error. */
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

/** Write a message as JSON. Throws when it is not exactly what its definition says, unknown members included. */
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

/** The same schema, but every object in it refuses members that it does not name. */
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
