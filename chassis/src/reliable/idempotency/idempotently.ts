/**
 * A write in one transaction, executed once per key: the key's row, the effect, the outbox rows and the stored response commit
 * together. A concurrent retry waits for the transaction (up to the pool's lock_timeout) and replays its response.
 *
 * A returned reply is final and stored, also if it is a refusal. A thrown error rolls the key back too, so that a retry is
 * executed again. A write whose parts have keys of their own may commit and still leave its key free. For writes that call another system, see under-lease.ts.
 */

import type { Connections, Transaction } from '../postgres/connections.ts';
import { inTransaction } from '../postgres/transaction.ts';
import type { Reply } from '../refusal.ts';
import { countingResult, type KeyCounters, keyReused, requestInProgress } from './key-results.ts';
import type { KeyedRequest } from './keyed-request.ts';
import { claimKey, completeKey, readKeys, releaseKeys } from './keys.sql.ts';

export interface IdempotencyDeps extends KeyCounters {
  pool: Connections;
  /** The fingerprint stored with the resource, for a key whose row is past its retention. */
  findKeptFingerprint: (trx: Transaction, request: KeyedRequest) => Promise<Buffer | undefined>;
}

/** What a write came to. With `isFinal: false` its effect commits, and its key stays free: a repeat is judged afresh. */
export type WrittenReply = Reply & { isFinal?: boolean };

export interface KeyedReply {
  reply: Reply;
  replayed: boolean;
}

/** Run `work` once for this key, or return the stored response. */
export async function idempotently(
  deps: IdempotencyDeps,
  request: KeyedRequest,
  work: (trx: Transaction) => Promise<WrittenReply>,
): Promise<KeyedReply> {
  const once = () =>
    inTransaction(deps.pool, async (trx): Promise<KeyedReply> => {
      if (!(await claimKey(trx, request))) return { reply: await storedReply(trx, request), replayed: true };
      const kept = await deps.findKeptFingerprint(trx, request);
      if (kept && !request.fingerprint.matches(kept)) throw keyReused();
      const { isFinal = true, ...reply } = await work(trx);
      await (isFinal ? completeKey(trx, request, reply) : releaseKeys(trx, [request]));
      return { reply, replayed: false };
    });
  return countingResult(deps, request, once, ({ replayed }) => (replayed ? 'replayed' : 'executed'));
}

/** The response of the first request. Runs after the INSERT met a conflict, so its snapshot contains the other row. */
async function storedReply(trx: Transaction, request: KeyedRequest): Promise<Reply> {
  const [stored] = await readKeys(trx, [request]);
  // The row may have been removed between the two statements, or belong to a request that is still running.
  if (!stored) throw requestInProgress();
  if (!request.fingerprint.matches(stored.fingerprint)) throw keyReused();
  return stored.reply ?? Promise.reject(requestInProgress());
}
