/** The data that is written for one order. */
export interface OrderRows {
  id: string;
  key: string;
  /** Sorted in lock order. */
  skus: readonly string[];
  fingerprint: Buffer;
  /** The message ids of the events placed and confirmed. */
  messageIds: readonly string[];
  placed: string;
  answer: string;
}

/** The body of the outbox row, as long as a real one. */
export function placedBody(id: string, skus: readonly string[]): string {
  return JSON.stringify({
    id,
    type: 'order.placed',
    version: 1,
    occurredAt: '2026-01-01T00:00:00.000Z',
    producer: 'order-service',
    correlationId: id,
    payload: { orderId: id, number: 'ORD-1000000', clientId: 'bench', version: 1, currency: 'EUR', ...linesOf(skus) },
  });
}

/** The stored response, as long as a real one. */
export function answerOf(id: string, skus: readonly string[]): string {
  const head = { id, number: 'ORD-1000000', clientId: 'bench', customerId: 'c-1', currency: 'EUR', ...linesOf(skus) };
  return JSON.stringify({ ...head, status: 'confirmed', createdAt: '2026-01-01T00:00:00.000Z', version: 2 });
}

function linesOf(skus: readonly string[]) {
  return { lines: skus.map((sku) => ({ sku, quantity: 1 })) };
}
