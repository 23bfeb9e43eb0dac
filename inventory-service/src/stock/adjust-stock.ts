import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { validationFailed } from '@shop/chassis/edge/body.ts';
import type { KeyedRequest } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import type { RefusedError } from '@shop/chassis/reliable/refusal.ts';
import { productNotFound } from '../errors.ts';
import type { Product } from '../products/product.ts';
import { lockProduct } from '../products/products.sql.ts';
import type { Cause } from '../reservations/decide.ts';
import { recordAdjustments } from './record-adjustments.ts';
import { findAdjustment } from './stock.sql.ts';
import { adjust } from './stock-level.ts';

export interface AdjustmentRequest {
  sku: string;
  delta: number;
  reason: string;
}

export type AdjustOutcome =
  | { kind: 'adjusted'; product: Product }
  /** Done before under this key, whose row is past its retention. */
  | { kind: 'adjusted-before'; product: Product }
  | { kind: 'insufficient-stock'; available: number };

/** Adjust the units on hand, once per key, without a time limit. */
export async function adjustStock(
  trx: Transaction,
  request: AdjustmentRequest,
  keyed: KeyedRequest,
  cause: Cause,
): Promise<AdjustOutcome> {
  // The caller has claimed the key and compared fingerprints, so this is the same request, and it is not running elsewhere.
  const earlier = await findAdjustment(trx, keyed);
  if (earlier) return { kind: 'adjusted-before', product: earlier.product };
  const product = await lockProduct(trx, request.sku);
  if (!product) throw productNotFound();
  const outcome = adjust(product, request.delta);
  if (outcome.kind === 'beyond-limit') throw beyondLimit();
  if (outcome.kind === 'insufficient-stock') return outcome;
  const after = { ...product, ...outcome.level };
  await recordAdjustments(trx, [{ keyed, reason: request.reason, before: product, after }], cause);
  return { kind: 'adjusted', product: after };
}

/** 400 for an adjustment after which a JSON reader might round the units on hand. */
export function beyondLimit(): RefusedError {
  return validationFailed([{ pointer: '/delta', detail: 'The units on hand would exceed 2^53 - 1.' }]);
}
