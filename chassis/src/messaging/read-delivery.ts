import { type MessageDefinition, type ReadOutcome, readEnvelope } from '../contract/message-definition.ts';

// The largest message of the contract (the shortages of an order of 1,000 lines) has 150 KB. A consumer holds as many
// deliveries as a batch has members, so this bounds its memory.
export const LARGEST_BODY_BYTES = 256 * 1024;
// Nothing is decided by `occurredAt`, so a clock that is minutes wrong, or hours by its time zone, does no harm. What
// claims to happen later than that was never written by a clock.
const CLOCK_LEAD_MS = 24 * 60 * 60 * 1000;

/** The reason of a dead letter that nobody read. */
export const TOO_LARGE = 'too-large';

/** What is wrong with the size of a body, for people; undefined when nothing is. */
export function faultOfSize(content: Buffer): string | undefined {
  if (content.length <= LARGEST_BODY_BYTES) return undefined;
  return `${content.length} bytes; a message has at most ${LARGEST_BODY_BYTES}`;
}

/** A delivery's message; or why no attempt would ever handle it. */
export type Reading<Definition extends MessageDefinition> =
  | Extract<ReadOutcome<Definition>, { kind: 'read' }>
  | {
      kind: 'refused';
      reason: 'unparseable' | 'unknown-type' | 'occurred-in-future';
      detail: string;
    };

/** Read what was delivered. */
export function readDelivery<Definition extends MessageDefinition>(
  content: Buffer,
  definitions: readonly Definition[],
  now: Date,
): Reading<Definition> {
  const outcome = readEnvelope(content.toString('utf8'), definitions);
  if (outcome.kind === 'read' && Date.parse(outcome.message.occurredAt) > now.getTime() + CLOCK_LEAD_MS) {
    const detail = `occurredAt is ${outcome.message.occurredAt}, and now is ${now.toISOString()}`;
    return { kind: 'refused', reason: 'occurred-in-future', detail };
  }
  return outcome;
}
