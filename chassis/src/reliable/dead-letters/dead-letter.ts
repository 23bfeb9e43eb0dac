import { z } from 'zod';

/*
 *   (arrives) -> open
 *   open      -> replayed   its message is sent to its queue again
 *   open      -> discarded  not to be handled, for a stated reason
 *   replayed  -> open       the replayed message was dead-lettered again
 */

export const deadLetterStatus = z.enum(['open', 'replayed', 'discarded']).meta({ id: 'DeadLetterStatus' });
export type DeadLetterStatus = z.output<typeof deadLetterStatus>;

/** A dead letter in HTTP responses. */
export interface DeadLetter {
  id: string;
  queue: string;
  type: string;
  reason: string;
  /** Queue, type and reason: letters of one group probably have one cause. */
  group: string;
  status: DeadLetterStatus;
  /** Total number of failed attempts. */
  attempts: number;
  history: HistoryEntry[];
}

/** An entry of its history, oldest first. The members of `failed` are copied from the headers of the message. */
export type HistoryEntry =
  | { type: 'failed'; [member: string]: unknown }
  | { type: 'dead-lettered'; at: string; reason: string; detail?: string }
  | { type: 'replayed'; at: string; actor: string; correlationId: string }
  | { type: 'discarded'; at: string; actor: string; correlationId: string; reason: string };

export type Action = 'replayed' | 'discarded';

/** Why an action is not allowed; undefined if it is. An indispensable message can only be replayed. */
export function refusalOf(
  letter: Pick<DeadLetter, 'status' | 'type'>,
  action: Action,
  isIndispensable: boolean,
): string | undefined {
  if (letter.status !== 'open') return `The dead letter has already been ${letter.status}.`;
  if (action === 'discarded' && isIndispensable) return `A readable ${letter.type} can only be replayed.`;
  return undefined;
}
