import type { OrderLine } from '@shop/client';

/** The client of orders that people place in the shop: their customer is an account. */
export const SHOP_CLIENT = 'web';

/** What the lines cost together, in minor units; not known unless all have a price. */
export function totalOf(lines: readonly OrderLine[]): number | undefined {
  let total = 0;
  for (const { quantity, unitPrice } of lines) {
    if (unitPrice === undefined) return undefined;
    total += quantity * unitPrice;
  }
  return total;
}

/** How many units the lines have together, and of which products. */
export function unitsIn(lines: readonly OrderLine[]): { units: number; skus: string[] } {
  return {
    units: lines.reduce((units, { quantity }) => units + quantity, 0),
    skus: [...new Set(lines.map(({ sku }) => sku))],
  };
}

/** “2 × MUG-BLUE, 1 × POSTER” */
export function linesText(lines: readonly OrderLine[]): string {
  return lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ');
}
