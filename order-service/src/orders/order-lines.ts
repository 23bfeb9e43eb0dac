import { orderBy } from '@shop/chassis/reliable/order-by.ts';

export interface OrderLine {
  sku: string;
  quantity: number;
  /** Integer minor units; absent if the client did not send it. */
  unitPrice?: number;
}

export const MAX_LINES = 1_000;
/** Maximum units of one SKU in an order. */
export const MAX_QUANTITY = 1_000_000;

/** Merge lines with the same SKU and the same price, at the position of the first. */
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

/** The units to reserve per SKU, regardless of price, sorted by SKU. */
export function demandOf(lines: readonly OrderLine[]): { sku: string; quantity: number }[] {
  const demand = new Map<string, number>();
  for (const line of lines) demand.set(line.sku, (demand.get(line.sku) ?? 0) + line.quantity);
  return [...demand].map(([sku, quantity]) => ({ sku, quantity })).sort(orderBy(({ sku }) => sku));
}

/** Sort the lines, so that the result does not depend on their order in the request. */
export function canonicalLines(lines: readonly OrderLine[]): OrderLine[] {
  return lines.toSorted(
    orderBy(
      ({ sku }) => sku,
      ({ unitPrice }) => unitPrice ?? -1,
    ),
  );
}
