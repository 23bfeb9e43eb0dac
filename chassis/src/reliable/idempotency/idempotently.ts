/**
 * A write that is one transaction, done once per key: the key's row, the effect, the outbox rows and the stored answer
 * commit together. A twin waits for the first one's transaction (up to the pool's lock_timeout) and replays its answer.
 *
 * A returned reply is final, a refusal included, and is stored; whatever is thrown rolls the key back too, so that a
 * repeat is judged afresh. A write that calls another system in between is another matter: see under-lease.ts.
 */

import type { Connections, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Reply } from '../refusal.ts';
import { countingResult, type KeyCounters, keyReused, requestInProgress } from './key-results.ts';
import type { KeyedRequest } from './keyed-request.ts';
import { claimKey, completeKey, readKeys } from './keys.sql.ts';

export interface IdempotencyDeps extends KeyCounters {
  pool: Connections;
  /** The fingerprint of what this key was used for so long ago that its row is gone, where its effect still knows. */
  findKeptFingerprint: (trx: Transaction, request: KeyedRequest) => Promise<Buffer | undefined>;
}

export interface KeyedReply {
  reply: Reply;
  replayed: boolean;
}

/** Run `work` once for this key, or give the stored answer. */
export async function idempotently(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  work: (trx: Transaction) => Promise<Reply>,
): Promise<KeyedReply> {
  const once = () =>
    inTransaction(deps.pool, async (trx): Promise<KeyedReply> => {
      if (!(await claimKey(trx, request))) return { reply: await storedReply(trx, request), replayed: true };
      const kept = await deps.findKeptFingerprint(trx, request);
      if (kept && !request.fingerprint.matches(kept)) throw keyReused();
      const reply = await work(trx);
      await completeKey(trx, request, reply);
      return { reply, replayed: false };
    });
  return countingResult(deps, request, once, ({ replayed }) => (replayed ? 'replayed' : 'executed'));
}

/** The answer of the request that was first. It runs after the INSERT lost, so its snapshot sees the winner's row. */
async function storedReply(trx: Transaction, request: KeyedRequest): Promise<Reply> {
  const [stored] = await readKeys(trx, [request]);
  // The row may have passed its retention between the two statements, or belong to a request that is still running.
  if (!stored) throw requestInProgress();
  if (!request.fingerprint.matches(stored.fingerprint)) throw keyReused();
  return stored.reply ?? Promise.reject(requestInProgress());
}
