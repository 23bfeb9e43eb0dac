/**
 * The orders of a real shop: from a file in the format of `npm run replay`, or generated with the same distribution.
 */

import { toOrderRequest, unitsPerSku } from '@shop/operator/replay/order-request.ts';
import { readOrders } from '@shop/operator/replay/orders-file.ts';
import { completeSales } from '@shop/operator/replay/sales.ts';
import { seededRandom } from '@shop/operator/replay/sendings.ts';
import type { Sale } from './client/job.ts';

export interface Sales {
  sales: readonly Sale[];
  skus: readonly string[];
  /** Their source, as text. */
  source: string;
}

/*
 * Quantiles of the 1,872 sales of December 2010 in "Online Retail" (D. Chen, UCI Machine Learning Repository, 2015, doi
 * 10.24432/C5BW33, CC BY 4.0) that are valid by the HTTP contract, with 48,137 lines: pairs of a share and its
 * quantile. The rank of a product is its position among all products by the number of orders with it.
 */
type Quantiles = readonly (readonly [share: number, value: number])[];
// biome-ignore format: a table
const LINES: Quantiles = [
  [0, 1], [0.1, 1], [0.2, 3], [0.3, 6], [0.4, 9], [0.5, 13], [0.6, 16], [0.7, 22], [0.8, 30], [0.9, 48], [0.95, 66],
  [0.97, 100], [0.99, 442], [1, 675],
];
// biome-ignore format: a table
const QUANTITY: Quantiles = [
  [0, 1], [0.3, 1], [0.4, 2], [0.5, 3], [0.6, 4], [0.7, 6], [0.8, 12], [0.9, 20], [0.95, 25], [0.99, 100], [0.999, 408],
  [1, 2_880],
];
// biome-ignore format: a table
const RANK: Quantiles = [
  [0, 1], [0.01, 3], [0.05, 15], [0.1, 36], [0.2, 95], [0.3, 172], [0.4, 270], [0.5, 398], [0.6, 560], [0.7, 769],
  [0.8, 1_050], [0.9, 1_485], [0.95, 1_845], [0.99, 2_439], [1, 2_857],
];
const MADE_SALES = 2_000;

/** The valid orders of this file or, without a file, generated orders. */
export async function readSales(file: string | undefined): Promise<Sales> {
  if (file === undefined) {
    const source = `${MADE_SALES.toLocaleString('en-US')} orders with the distribution of a real shop`;
    return toSales(makeSales(MADE_SALES, 1), source);
  }
  const requests = completeSales(await readOrders(file)).map((sale) => toOrderRequest('sale', sale));
  const valid = requests.filter(({ invalid }) => invalid.length === 0);
  const source = `the ${valid.length.toLocaleString('en-US')} valid orders of a file`;
  // Lines of a product at two prices are merged, because the usual implementation accepts each product only once.
  return toSales(
    valid.map(({ lines }) => unitsPerSku(lines)),
    source,
  );
}

/** Generated orders: lines, products and quantities with the distribution of a real shop. */
export function makeSales(count: number, seed: number): Map<string, number>[] {
  const random = seededRandom(seed);
  const draw = (quantiles: Quantiles) => valueAt(quantiles, random());
  return Array.from({ length: count }, () => {
    const lines = draw(LINES);
    const sale = new Map<string, number>();
    while (sale.size < lines) sale.set(`sale.${draw(RANK)}`, draw(QUANTITY));
    return sale;
  });
}

/** The quantile of a share, by linear interpolation. */
function valueAt(quantiles: Quantiles, share: number): number {
  const next = quantiles.findIndex(([upTo]) => upTo > share);
  const [[low, from], [high, to]] = [quantiles[next - 1], quantiles[next]] as [Quantiles[0], Quantiles[0]];
  return Math.round(from + ((to - from) * (share - low)) / (high - low));
}

function toSales(orders: readonly Map<string, number>[], source: string): Sales {
  const sales = orders.map((order, n) => {
    const lines = [...order].map(([sku, quantity]) => ({ sku, quantity }));
    return { body: JSON.stringify({ customerId: `c-${n}`, currency: 'GBP', lines }), lines: lines.length };
  });
  return { sales, skus: [...new Set(orders.flatMap((order) => [...order.keys()]))], source };
}
