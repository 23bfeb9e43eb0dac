/** The writes of the API, and their HTTP requests. */

export type CallerName = 'ada' | 'bob' | 'back' | 'other-back';

export interface Line {
  sku: string;
  quantity: number;
  unitPrice?: number;
}

/** One adjustment of a batch, with its own key. */
export interface KeyedAdjustment {
  key: string;
  sku: string;
  delta: number;
  reason: string;
}

/** A keyed request, before it is converted to HTTP. */
export type Write =
  | { kind: 'create'; sku: string; name: string }
  | { kind: 'rename'; sku: string; name: string }
  | { kind: 'adjust'; sku: string; delta: number; reason: string }
  | { kind: 'adjust-all'; adjustments: KeyedAdjustment[] }
  | { kind: 'count'; sku: string; counted: number; expected: number }
  | { kind: 'place'; customerId: string; currency: string; lines: Line[] }
  | { kind: 'cancel'; orderId: string; reason?: string }
  | { kind: 'ship'; orderId: string; carrier: string; trackingNumber: string }
  | { kind: 'deliver'; orderId: string };

export interface Sent {
  write: Write;
  caller: CallerName;
  key: string;
}

/** The path, method and body of a write. */
export function toHttp(write: Write): { method: 'POST' | 'PATCH'; path: string; body: object } {
  switch (write.kind) {
    case 'create':
      return { method: 'POST', path: '/products', body: { sku: write.sku, name: write.name } };
    case 'rename':
      return { method: 'PATCH', path: `/products/${write.sku}`, body: { name: write.name } };
    case 'adjust': {
      const { delta, reason } = write;
      return { method: 'POST', path: `/products/${write.sku}/adjustments`, body: { delta, reason } };
    }
    case 'adjust-all':
      return { method: 'POST', path: '/products/adjustments', body: { adjustments: write.adjustments } };
    case 'count': {
      const { counted, expected } = write;
      return { method: 'POST', path: `/products/${write.sku}/counts`, body: { counted, expected } };
    }
    case 'place': {
      const { customerId, currency, lines } = write;
      return { method: 'POST', path: '/orders', body: { customerId, currency, lines } };
    }
    case 'cancel':
      return { method: 'POST', path: `/orders/${write.orderId}/cancellation`, body: { reason: write.reason } };
    case 'ship': {
      const { carrier, trackingNumber } = write;
      return { method: 'POST', path: `/orders/${write.orderId}/shipment`, body: { carrier, trackingNumber } };
    }
    case 'deliver':
      return { method: 'POST', path: `/orders/${write.orderId}/delivery`, body: {} };
  }
}

/** The service of a write, which is also the scope of its key. */
export function serviceOf({ kind }: Write): 'orders' | 'inventory' {
  return ['create', 'rename', 'adjust', 'adjust-all', 'count'].includes(kind) ? 'inventory' : 'orders';
}

/** Merges lines with the same SKU and price, at the position of the first. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const merged: Line[] = [];
  for (const line of lines) {
    const same = merged.find(({ sku, unitPrice }) => sku === line.sku && unitPrice === line.unitPrice);
    if (same) same.quantity += line.quantity;
    else merged.push({ ...line });
  }
  return merged;
}

/** Units per SKU, sorted by SKU. */
export function demandOf(lines: readonly Line[]): { sku: string; quantity: number }[] {
  const skus = [...new Set(lines.map(({ sku }) => sku))].sort();
  const sum = (sku: string) => lines.reduce((units, line) => units + (line.sku === sku ? line.quantity : 0), 0);
  return skus.map((sku) => ({ sku, quantity: sum(sku) }));
}

/** Equal for equal writes, regardless of the order and splitting of lines. */
export function fingerprintOf(write: Write): string {
  if (write.kind !== 'place') return JSON.stringify(write);
  const lines = mergeLines(write.lines).map((line) =>
    JSON.stringify([line.sku, line.unitPrice ?? null, line.quantity]),
  );
  return JSON.stringify({ ...write, lines: lines.sort() });
}
