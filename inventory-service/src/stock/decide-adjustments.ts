import type { Product } from '../products/product.ts';
import type { AdjustmentRequest } from './adjust-stock.ts';
import { adjust } from './stock-level.ts';

/** What became of one of several adjustments. */
export type AdjustmentDecision =
  | { kind: 'adjusted'; before: Product; after: Product }
  | { kind: 'insufficient-stock'; available: number }
  | { kind: 'beyond-limit' }
  | { kind: 'unknown-sku' }
  /** Another transaction keeps the stock level locked. */
  | { kind: 'busy' };

/** Decide adjustments in their order, each on what the earlier ones left. A refused one changes nothing for the others. */
export function decideAdjustments(
  requests: readonly AdjustmentRequest[],
  locked: readonly Product[],
  busy: ReadonlySet<string>,
): AdjustmentDecision[] {
  const products = new Map(locked.map((product) => [product.sku, product]));
  return requests.map(({ sku, delta }): AdjustmentDecision => {
    const before = products.get(sku);
    if (!before) return { kind: busy.has(sku) ? 'busy' : 'unknown-sku' };
    const outcome = adjust(before, delta);
    if (outcome.kind !== 'adjusted') return outcome;
    const after = { ...before, ...outcome.level };
    products.set(sku, after);
    return { kind: 'adjusted', before, after };
  });
}
