import { type MessageDefinition, type ReadOutcome, readEnvelope } from '../contract/message-definition.ts';

// Ten times the largest message of the contract. Parsing more would stop the process for as long as it takes, and a
// batch of such messages would fill its memory.
const LARGEST_BODY_BYTES = 1024 * 1024;
// Nothing is decided by `occurredAt`, so a clock that is minutes wrong, or hours by its time zone, does no harm. What
// claims to happen later than that was never written by a clock.
const CLOCK_LEAD_MS = 24 * 60 * 60 * 1000;

/** A delivery's message; or why no attempt would ever handle it. */
export type Reading<Definition extends MessageDefinition> =
  | Extract<ReadOutcome<Definition>, { kind: 'read' }>
  | {
      kind: 'refused';
      reason: 'too-large' | 'unparseable' | 'unknown-type' | 'occurred-in-future';
      detail: string;
    };

/** Read what was delivered. */
export function readDelivery<Definition extends MessageDefinition>(
  content: Buffer,
  definitions: readonly Definition[],
  now: Date,
): Reading<Definition> {
  if (content.length > LARGEST_BODY_BYTES) {
    const detail = `${content.length} bytes; a message has at most ${LARGEST_BODY_BYTES}`;
    return { kind: 'refused', reason: 'too-large', detail };
  }
  const outcome = readEnvelope(content.toString('utf8'), definitions);
  if (outcome.kind === 'read' && Date.parse(outcome.message.occurredAt) > now.getTime() + CLOCK_LEAD_MS) {
    const detail = `occurredAt is ${outcome.message.occurredAt}, and now is ${now.toISOString()}`;
    return { kind: 'refused', reason: 'occurred-in-future', detail };
  }
  return outcome;
}
