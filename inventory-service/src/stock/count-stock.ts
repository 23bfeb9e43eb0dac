import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import type { KeyedRequest } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { productNotFound } from '../errors.ts';
import type { Product } from '../products/product.ts';
import { lockProduct } from '../products/products.sql.ts';
import type { Cause } from '../reservations/decide.ts';
import { recordAdjustments } from './record-adjustments.ts';
import { findAdjustment } from './stock.sql.ts';
import { count } from './stock-level.ts';

export interface CountRequest {
  sku: string;
  /** Units on hand from now on. */
  counted: number;
  /** Units on hand until now. */
  expected: number;
}

export type CountOutcome =
  | { kind: 'counted'; product: Product }
  /** Done under this key so long ago that the key's row is gone. */
  | { kind: 'counted-before'; product: Product }
  | { kind: 'stock-changed'; product: Product }
  | { kind: 'insufficient-stock'; available: number };

// A count is kept as the adjustment that it comes to, and a count has no reason beside itself.
const REASON = 'count';

/** Set the units on hand to what was counted, if they are what the person expected them to be. */
export async function countStock(
  trx: Transaction,
  request: CountRequest,
  keyed: KeyedRequest,
  cause: Cause,
): Promise<CountOutcome> {
  const earlier = await findAdjustment(trx, keyed);
  if (earlier) return { kind: 'counted-before', product: earlier.product };
  const product = await lockProduct(trx, request.sku);
  if (!product) throw productNotFound();
  const outcome = count(product, request);
  switch (outcome.kind) {
    case 'stock-changed':
      return { kind: 'stock-changed', product };
    case 'unchanged':
      return { kind: 'counted', product };
    case 'insufficient-stock':
      return outcome;
    case 'beyond-limit':
      throw new Error('a count within the limit of units led beyond it');
  }
  const after = { ...product, ...outcome.level };
  await recordAdjustments(trx, [{ keyed, reason: REASON, before: product, after }], cause);
  return { kind: 'counted', product: after };
}
