import { z } from 'zod';

/*
 *   (arrives) -> open
 *   open      -> replayed   its message is sent to its queue again
 *   open      -> discarded  given up, for a reason
 *   replayed  -> open       the replayed message died again
 */

export const deadLetterStatus = z.enum(['open', 'replayed', 'discarded']).meta({ id: 'DeadLetterStatus' });
export type DeadLetterStatus = z.output<typeof deadLetterStatus>;

/** A message set aside for a person, as HTTP shows it. */
export interface DeadLetter {
  id: string;
  queue: string;
  type: string;
  reason: string;
  /** What is probably one fault: the same queue, type and reason. */
  group: string;
  status: DeadLetterStatus;
  /** Failed attempts to handle it, in all. */
  attempts: number;
  history: HistoryEntry[];
}

/** What happened to it, oldest first. Of `failed` all but the type is as the headers of the message had it. */
export type HistoryEntry =
  | { type: 'failed'; [member: string]: unknown }
  | { type: 'dead-lettered'; at: string; reason: string; detail?: string }
  | { type: 'replayed'; at: string; actor: string; correlationId: string }
  | { type: 'discarded'; at: string; actor: string; correlationId: string; reason: string };

export type Action = 'replayed' | 'discarded';

/** Why an action is not possible; undefined when it is. What is indispensable can be replayed only. */
export function refusalOf(
  letter: Pick<DeadLetter, 'status' | 'type'>,
  action: Action,
  isIndispensable: boolean,
): string | undefined {
  if (letter.status !== 'open') return `The dead letter has already been ${letter.status}.`;
  if (action === 'discarded' && isIndispensable) return `A readable ${letter.type} can only be replayed.`;
  return undefined;
}
