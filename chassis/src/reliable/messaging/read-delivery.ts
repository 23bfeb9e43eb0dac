import { type MessageDefinition, type ReadOutcome, readEnvelope } from './message-definition.ts';

// The largest message of the contract (the shortages of an order of 1,000 lines) has 150 KB. A consumer holds as many
// deliveries as a batch has members, so this bounds its memory.
export const LARGEST_BODY_BYTES = 256 * 1024;

/** The reason of a dead letter that nobody read. */
export const TOO_LARGE = 'too-large';

/** What is wrong with the size of a body, for people; undefined when nothing is. */
export function faultOfSize(content: Buffer): string | undefined {
  if (content.length <= LARGEST_BODY_BYTES) return undefined;
  return `${content.length} bytes; a message has at most ${LARGEST_BODY_BYTES}`;
}

/**
 * A delivery's message; or why no attempt would ever handle it. Nothing is decided by its `occurredAt`, so the clock of its
 * producer may be wrong by any time.
 */
export function readDelivery<Definition extends MessageDefinition>(
  content: Buffer,
  definitions: readonly Definition[],
): ReadOutcome<Definition> {
  return readEnvelope(content.toString('utf8'), definitions);
}
