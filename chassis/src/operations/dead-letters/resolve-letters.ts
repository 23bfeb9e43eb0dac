/** Replays and discards of dead letters, each in its caller's transaction. */
import type { Transaction } from '../../base/db/pool.ts';
import { refused } from '../../contract/problems.ts';
import { type Action, type DeadLetter, refusalOf } from '../../reliable/dead-letters/dead-letter.ts';
import {
  type ActionBy,
  countOpenOfGroup,
  discardLetter,
  findDeadLetter,
  lockDeadLetter,
  lockOpenOfGroup,
  replayLetters,
} from '../../reliable/dead-letters/dead-letters.sql.ts';
import { isUnreadable } from '../../reliable/dead-letters/read-letter.ts';
import type { MessageDefinition } from '../../reliable/messaging/message-definition.ts';
import type { RefusedError } from '../../reliable/refusal.ts';

/** A replayed letter, with the subject of its message. */
export type ReplayedLetter = Pick<DeadLetter, 'id' | 'type' | 'reason'> & { subjectId?: string };

export interface ResolveDeps {
  /**
   * Messages that can only be replayed as long as they are readable. Unreadable ones can be discarded, because a replay
   * never succeeds.
   */
  indispensable: readonly MessageDefinition[];
  /** Record a replay in the service's own tables, in its transaction. */
  onReplayed?: (trx: Transaction, letters: readonly ReplayedLetter[], by: ActionBy) => Promise<void>;
}

export type Resolution =
  | { kind: 'changed'; letter: DeadLetter }
  | { kind: 'refused'; from: DeadLetter['status']; to: Action; detail: string };

// These limits keep the update and the copy to the outbox well within the statement timeout, and fit into the relay's
// memory.
const REPLAYED_AT_ONCE = { letters: 1_000, bytes: 16 * 1024 * 1024 };

/** Replay as many open letters of a group as fit into a transaction; returns how many, and how many are left. */
export async function replayOpenOfGroup(
  trx: Transaction,
  deps: ResolveDeps,
  group: string,
  by: ActionBy,
): Promise<{ replayed: number; remaining: number }> {
  const ids = await lockOpenOfGroup(trx, group, REPLAYED_AT_ONCE);
  const letters = await replay(trx, deps, ids, by);
  const remaining = await countOpenOfGroup(trx, group);
  if (remaining === undefined) throw deadLetterNotFound();
  return { replayed: letters.length, remaining };
}

/** Replay one letter, if it is open. */
export function replayOne(
  trx: Transaction,
  deps: ResolveDeps,
  id: string | undefined,
  by: ActionBy,
): Promise<Resolution> {
  return resolve(trx, deps, id, 'replayed', async (locked) => (await replay(trx, deps, [locked], by))[0]);
}

/** Discard one letter, if it is open and its message is not indispensable. */
export function discardOne(
  trx: Transaction,
  deps: ResolveDeps,
  id: string | undefined,
  reason: string,
  by: ActionBy,
): Promise<Resolution> {
  return resolve(trx, deps, id, 'discarded', (locked) => discardLetter(trx, locked, reason, by));
}

async function resolve(
  trx: Transaction,
  deps: ResolveDeps,
  id: string | undefined,
  to: Action,
  apply: (id: string) => Promise<DeadLetter | undefined>,
): Promise<Resolution> {
  const letter = id && (await lockDeadLetter(trx, id));
  if (!letter) throw deadLetterNotFound();
  const detail = refusalOf(letter, to, await isIndispensable(trx, deps, letter));
  if (detail !== undefined) return { kind: 'refused', from: letter.status, to, detail };
  const changed = await apply(letter.id);
  if (!changed) throw new Error(`dead letter ${letter.id} changed under its lock`);
  return { kind: 'changed', letter: changed };
}

async function isIndispensable(
  trx: Transaction,
  { indispensable }: ResolveDeps,
  { id, type }: DeadLetter,
): Promise<boolean> {
  if (!indispensable.some((definition) => definition.type === type)) return false;
  const whole = await findDeadLetter(trx, id);
  return whole !== undefined && !isUnreadable(whole.message.body, indispensable);
}

async function replay(trx: Transaction, deps: ResolveDeps, ids: readonly string[], by: ActionBy) {
  const letters = await replayLetters(trx, ids, by);
  if (letters.length > 0) await deps.onReplayed?.(trx, letters, by);
  return letters;
}

/** No letter has this id or group. */
export function deadLetterNotFound(): RefusedError {
  return refused('dead-letter-not-found', 'This service has no such dead letter. Each service stores its own.');
}
