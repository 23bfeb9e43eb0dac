import { orderBy } from '@shop/chassis/reliable/order-by.ts';

export interface OrderLine {
  sku: string;
  quantity: number;
  /** Integer minor units; absent when the client did not say. */
  unitPrice?: number;
}

export const MAX_LINES = 1_000;
/** Units of one SKU in an order. */
export const MAX_QUANTITY = 1_000_000;

/** Lines with the same SKU and the same price become one, where the first of them stood. */
export function mergeLines(lines: readonly OrderLine[]): OrderLine[] {
  const merged = new Map<string, OrderLine>();
  for (const line of lines) {
    const id = `${line.sku} ${line.unitPrice ?? ''}`;
    const known = merged.get(id);
    if (known) known.quantity += line.quantity;
    else merged.set(id, { ...line });
  }
  return [...merged.values()];
}

/** Units per SKU whatever their price: what is reserved, sorted by SKU. */
export function demandOf(lines: readonly OrderLine[]): { sku: string; quantity: number }[] {
  const demand = new Map<string, number>();
  for (const line of lines) demand.set(line.sku, (demand.get(line.sku) ?? 0) + line.quantity);
  return [...demand].map(([sku, quantity]) => ({ sku, quantity })).sort(orderBy(({ sku }) => sku));
}

/** The lines in an order that does not depend on how the client sorted them. */
export function canonicalLines(lines: readonly OrderLine[]): OrderLine[] {
  return lines.toSorted(
    orderBy(
      ({ sku }) => sku,
      ({ unitPrice }) => unitPrice ?? -1,
    ),
  );
}
