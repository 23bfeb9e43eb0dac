/**
 * Many adjustments in one transaction, each once for a key of its own. They are no unit: what one of them lacks is refused
 * to that one alone. The keys are claimed first, in their order, then the stock levels are locked, in the order of SKU; so it
 * is with one adjustment, a count and a reservation, so that all of them queue instead of deadlocking.
 *
 * A stock level that another transaction keeps locked must hold up neither the other adjustments nor, behind their locks, the
 * orders for their products. So the batch goes in rounds, and what was done in one is found under its keys in the next:
 *
 *   1. what is free at this instant; mostly that is all
 *   2. the rest, which waits for its rows as long as any statement does
 *   3. only if that was in vain: what has become free; the remainder is left to a repeat
 */

import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import {
  idempotentlyEach,
  type KeyedMember,
  type MemberAnswer,
} from '@shop/chassis/reliable/idempotency/idempotently-each.ts';
import { keyReused } from '@shop/chassis/reliable/idempotency/key-results.ts';
import { sqlState } from '@shop/chassis/reliable/postgres/transaction.ts';
import { RefusedError, type Reply, unavailable } from '@shop/chassis/reliable/refusal.ts';
import { productNotFound } from '../errors.ts';
import type { Product } from '../products/product.ts';
import { lockProducts } from '../products/products.sql.ts';
import type { Cause } from '../reservations/decide.ts';
import { type AdjustmentRequest, type AdjustOutcome, beyondLimit } from './adjust-stock.ts';
import { type AdjustmentDecision, decideAdjustments } from './decide-adjustments.ts';
import { recordAdjustments } from './record-adjustments.ts';
import type { Locked } from './row-locks.ts';
import { findAdjustments, findStockedSkus } from './stock.sql.ts';

/** One adjustment of a batch, with the key that it has by itself. */
export interface BatchedAdjustment extends KeyedMember {
  request: AdjustmentRequest;
}

export interface BatchDeps {
  /** What this round does about locked stock levels. */
  locked: Locked;
  cause: Cause;
  /** The answer that an adjustment would get by itself. */
  toReply: (request: AdjustmentRequest, outcome: AdjustOutcome) => Reply;
}

// Of a lock, and of the statement that has waited for several.
const WAITED_IN_VAIN = ['55P03', '57014'];

/** Run a batch in rounds, until `isLocked` finds nothing left in its result that another transaction keeps. */
export async function inRounds<Result>(
  round: (locked: Locked) => Promise<Result>,
  isLocked: (result: Result) => boolean,
): Promise<Result> {
  let result = await round('passed-over');
  for (const locked of ['awaited', 'passed-over'] as const) {
    if (!isLocked(result)) break;
    try {
      result = await round(locked);
    } catch (error) {
      // Another request has taken the call's key, or one of the keys, since the last round. That round's answer is true.
      if (error instanceof RefusedError) break;
      if (!WAITED_IN_VAIN.includes(sqlState(error) ?? '')) throw error;
    }
  }
  return result;
}

/** One round: an answer for each adjustment, in their order; `unavailable` for those whose stock level is locked. */
export async function adjustStockBatch(
  trx: Transaction,
  batch: readonly BatchedAdjustment[],
  deps: BatchDeps,
): Promise<MemberAnswer[]> {
  return idempotentlyEach(trx, batch, async (free) => {
    const earlier = await findAdjustments(
      trx,
      free.map(({ keyed }) => keyed),
    );
    const fresh = free.filter(({ keyed }) => !earlier.has(keyed.key));
    const decided = (await adjustFresh(trx, fresh, deps)).values();
    return free.map(({ keyed, request }): MemberAnswer => {
      const known = earlier.get(keyed.key);
      if (!known) return decided.next().value as MemberAnswer;
      if (!keyed.fingerprint.matches(known.fingerprint)) return { refusal: keyReused().refusal };
      return { reply: deps.toReply(request, { kind: 'adjusted-before', product: known.product }) };
    });
  });
}

async function adjustFresh(
  trx: Transaction,
  fresh: readonly BatchedAdjustment[],
  { locked, cause, toReply }: BatchDeps,
): Promise<MemberAnswer[]> {
  if (fresh.length === 0) return [];
  const requests = fresh.map(({ request }) => request);
  const levels = await lockLevels(trx, [...new Set(requests.map(({ sku }) => sku))], locked);
  const decisions = decideAdjustments(requests, levels.products, levels.busy);
  const adjusted = fresh.flatMap(({ keyed, request: { reason } }, index) => {
    const decision = decisions[index];
    return decision?.kind === 'adjusted' ? [{ keyed, reason, before: decision.before, after: decision.after }] : [];
  });
  await recordAdjustments(trx, adjusted, cause);
  return requests.map((request, index) => toAnswer(request, decisions[index] as AdjustmentDecision, toReply));
}

async function lockLevels(
  trx: Transaction,
  skus: readonly string[],
  locked: Locked,
): Promise<{ products: Product[]; busy: Set<string> }> {
  const products = await lockProducts(trx, skus, locked);
  const missing = new Set(skus);
  for (const { sku } of products) missing.delete(sku);
  // One that exists and was not locked was passed over. Where the rows were waited for, none was.
  if (locked === 'awaited' || missing.size === 0) return { products, busy: new Set() };
  return { products, busy: new Set(await findStockedSkus(trx, [...missing])) };
}

function toAnswer(
  request: AdjustmentRequest,
  decision: AdjustmentDecision,
  toReply: BatchDeps['toReply'],
): MemberAnswer {
  switch (decision.kind) {
    case 'adjusted':
      return { reply: toReply(request, { kind: 'adjusted', product: decision.after }) };
    case 'insufficient-stock':
      return { reply: toReply(request, decision) };
    case 'beyond-limit':
      return { refusal: beyondLimit().refusal };
    case 'unknown-sku':
      return { refusal: productNotFound().refusal };
    case 'busy':
      return { refusal: unavailable().refusal };
  }
}
