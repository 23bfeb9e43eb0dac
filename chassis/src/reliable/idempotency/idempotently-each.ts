/**
 * Several writes in one transaction, each once for a key of its own, so that a repeat of all of them, of some, or of one by
 * itself (`idempotently`) has no second effect. The keys are claimed in one order everywhere and before anything else is
 * locked, as `idempotently` does it, so that two such transactions queue instead of deadlocking.
 */

import type { Transaction } from '../postgres/connections.ts';
import type { Refusal, Reply } from '../refusal.ts';
import { keyReused, requestInProgress } from './key-results.ts';
import type { KeyedRequest } from './keyed-request.ts';
import { claimEachKey, completeEachKey, readKeys, releaseKeys, type StoredKey } from './keys.sql.ts';

/** What a write came to: a final answer, which is stored, or a refusal that leaves the key free. */
export type MemberAnswer = { reply: Reply } | { refusal: Refusal };

/** A write among others. All of them are of one client. */
export interface KeyedMember {
  keyed: KeyedRequest;
}

/**
 * An answer for each member, in their order. `work` answers those whose keys were free. Of members with the same key the
 * first counts: another with the same content gets its answer, one with other content is refused.
 */
export async function idempotentlyEach<Member extends KeyedMember>(
  trx: Transaction,
  members: readonly Member[],
  work: (free: readonly Member[]) => Promise<readonly MemberAnswer[]>,
): Promise<MemberAnswer[]> {
  const firsts = new Map<string, Member>();
  for (const member of members) if (!firsts.has(member.keyed.key)) firsts.set(member.keyed.key, member);
  const distinct = [...firsts.values()];
  const claimed = await claimEachKey(
    trx,
    distinct.map(({ keyed }) => keyed),
  );
  const answers = await storedAnswers(
    trx,
    distinct.filter(({ keyed }) => !claimed.has(keyed.key)),
  );
  const free = distinct.filter(({ keyed }) => claimed.has(keyed.key));
  if (free.length > 0) {
    const found = await work(free);
    for (const [index, { keyed }] of free.entries()) answers.set(keyed.key, found[index] as MemberAnswer);
    await completeOrReleaseKeys(trx, free, answers);
  }
  return members.map(({ keyed }) => {
    const first = firsts.get(keyed.key)?.keyed as KeyedRequest;
    if (!keyed.fingerprint.matches(first.fingerprint.bytes)) return { refusal: keyReused().refusal };
    return answers.get(keyed.key) as MemberAnswer;
  });
}

/** By key. It runs after the INSERT lost, so its snapshot sees the winners' rows. */
async function storedAnswers(trx: Transaction, taken: readonly KeyedMember[]): Promise<Map<string, MemberAnswer>> {
  if (taken.length === 0) return new Map();
  const stored = await readKeys(
    trx,
    taken.map(({ keyed }) => keyed),
  );
  return new Map(taken.map(({ keyed }, index) => [keyed.key, storedAnswer(keyed, stored[index])]));
}

function storedAnswer({ fingerprint }: KeyedRequest, stored: StoredKey | undefined): MemberAnswer {
  if (stored && !fingerprint.matches(stored.fingerprint)) return { refusal: keyReused().refusal };
  // Without a row, it has passed its retention between the two statements.
  return stored?.reply ? { reply: stored.reply } : { refusal: requestInProgress().refusal };
}

async function completeOrReleaseKeys(
  trx: Transaction,
  claimed: readonly KeyedMember[],
  answers: ReadonlyMap<string, MemberAnswer>,
): Promise<void> {
  const completed: (KeyedRequest & { reply: Reply })[] = [];
  const released: KeyedRequest[] = [];
  for (const { keyed } of claimed) {
    const answer = answers.get(keyed.key) as MemberAnswer;
    if ('reply' in answer) completed.push({ ...keyed, reply: answer.reply });
    else released.push(keyed);
  }
  if (completed.length > 0) await completeEachKey(trx, completed);
  if (released.length > 0) await releaseKeys(trx, released);
}
