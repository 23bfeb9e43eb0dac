import type { Sale } from './sales.ts';

export interface OrderLine {
  sku: string;
  quantity: number;
  unitPrice: number;
}

export interface OrderBody {
  customerId: string;
  currency: string;
  lines: OrderLine[];
}

export interface InvalidMember {
  pointer: string;
  detail: string;
}

/** A sale as this run sends it. All names contain the run, so that each run has its own products and orders. */
export interface OrderRequest {
  key: string;
  customerId: string;
  body: string;
  /** The lines as the system keeps them. */
  lines: OrderLine[];
  /** Why the system must refuse it as invalid; empty for a valid order. */
  invalid: InvalidMember[];
}

/** The stock code stays unchanged even if it is invalid: the system has to refuse it. */
export function skuOf(run: string, stockCode: string): string {
  return `${run}.${stockCode}`;
}

export function toOrderRequest(run: string, sale: Sale): OrderRequest {
  const order: OrderBody = {
    customerId: `${run}-${sale.customer}`,
    currency: 'GBP',
    lines: sale.lines.map((line) => ({
      sku: skuOf(run, line.stockCode),
      quantity: line.quantity,
      unitPrice: line.unitPrice,
    })),
  };
  const body = JSON.stringify(order);
  return {
    key: `${run}-${sale.invoiceNo}`,
    customerId: order.customerId,
    body,
    lines: mergeLines(order.lines),
    invalid: invalidMembers(order, Buffer.byteLength(body)),
  };
}

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * The violations of the HTTP contract in an order. Written from the contract without code of the services, so that the
 * audit is independent.
 */
export function invalidMembers(order: OrderBody, bodyBytes: number): InvalidMember[] {
  const invalid: InvalidMember[] = [];
  const check = (pointer: string, holds: boolean, detail: string) => {
    if (!holds) invalid.push({ pointer, detail });
  };
  check('', bodyBytes <= MAX_BODY_BYTES, 'larger than 1 MiB');
  check('/customerId', isCustomerId(order.customerId), 'not 1 to 100 printable characters');
  order.lines.forEach(({ sku, quantity, unitPrice }, index) => {
    check(`/lines/${index}/sku`, /^[A-Za-z0-9._-]{1,64}$/.test(sku), 'not 1 to 64 of A-Z a-z 0-9 . _ -');
    check(`/lines/${index}/quantity`, isWhole(quantity, 1, 1_000_000), 'not a whole number from 1 to 1,000,000');
    check(`/lines/${index}/unitPrice`, isWhole(unitPrice, 0, 1e9), 'not a whole number from 0 to 1,000,000,000');
  });
  const merged = mergeLines(order.lines);
  check('/lines', merged.length >= 1 && merged.length <= 1_000, 'not 1 to 1,000 lines after merging');
  const fits = [...unitsPerSku(order.lines).values()].every((units) => units <= 1_000_000);
  check('/lines', fits, 'more than 1,000,000 units of one SKU');
  return invalid;
}

function isCustomerId(text: string): boolean {
  const length = [...text].length;
  return length >= 1 && length <= 100 && text.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}]/u.test(text);
}

function isWhole(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

/** Lines of one SKU at one price are one line. */
export function mergeLines(lines: OrderLine[]): OrderLine[] {
  const merged = new Map<string, OrderLine>();
  for (const line of lines) {
    const id = `${line.unitPrice} ${line.sku}`;
    merged.set(id, { ...line, quantity: line.quantity + (merged.get(id)?.quantity ?? 0) });
  }
  return [...merged.values()];
}

/** The units of each SKU, regardless of their prices. */
export function unitsPerSku(lines: OrderLine[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}
