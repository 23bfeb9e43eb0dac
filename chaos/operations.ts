/** The clients' operations, with random parameters. */

import { randomUUID } from 'node:crypto';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import type { ClientName, Line, Operation, Shopper } from './history.ts';
import type { Random } from './random.ts';

/** The ordered quantities. */
export const hotSkus = Array.from({ length: 4 }, (_, index) => `HOT-${index + 1}`);
export const coldSkus = Array.from({ length: 60 }, (_, index) => `COLD-${index + 1}`);

function newOperation(
  part: Pick<Operation, 'kind' | 'client' | 'path'> & Partial<Operation>,
  ...bodies: object[]
): Operation {
  return { key: randomUUID(), tries: [], bodies: bodies.map((body) => JSON.stringify(body)), ...part };
}

export function productOf(sku: string): Operation {
  return newOperation({ kind: 'product', client: 'back office', path: '/products' }, { sku, name: sku });
}

/** An order that will be confirmed: one to five SKUs that never run out. */
export function plainPlacementOf(client: ClientName, random: Random): Operation {
  const customerId = randomUUID();
  const lines = Array.from({ length: random.between(1, 5) }, () => ({
    sku: random.pick(coldSkus),
    quantity: random.between(1, 4),
  }));
  const body = { customerId, currency: 'EUR', lines };
  return newOperation({ kind: 'place', client, path: '/orders', customerId, lines: [lines] }, body);
}

export function placementOf(client: ClientName, random: Random, customerId: string = randomUUID()): Operation {
  const lines = [linesFor(random), linesFor(random)];
  const bodies = lines.map((some) => ({ customerId, currency: 'EUR', lines: some }));
  // The second body must always differ.
  if (bodies[1]) bodies[1].currency = 'USD';
  return newOperation({ kind: 'place', client, path: '/orders', customerId, lines }, ...bodies);
}

function linesFor(random: Random): (Line & { unitPrice?: number })[] {
  // Several hot SKUs in random order: code that locks them in this order would deadlock.
  if (random.share() < 0.15) {
    const shuffled = hotSkus.map((sku) => ({ sku, rank: random.share() })).sort(orderBy(({ rank }) => rank));
    return shuffled.slice(0, random.between(2, hotSkus.length)).map(({ sku }) => ({ sku, quantity: 1 }));
  }
  const count = random.share() < 0.5 ? 1 : random.between(2, 5);
  return Array.from({ length: count }, () => ({
    sku: random.share() < 0.3 ? random.pick(hotSkus) : random.pick(coldSkus),
    quantity: random.between(1, 4),
    ...(random.share() < 0.5 && { unitPrice: random.pick([100, 250]) }),
  }));
}

/** An order of a shopper. */
export function shopperPlacementOf(shopper: Shopper, random: Random): Operation {
  const placement = placementOf('web', random, shopper.account);
  return { ...placement, shopper, key: `checkout:${placement.key}` };
}

export function stepOf(
  kind: 'cancel' | 'ship' | 'deliver',
  client: ClientName,
  orderId: string,
  random: Random,
): Operation {
  const trackingNumber = `T-${random.between(1, 1_000_000)}`;
  switch (kind) {
    case 'cancel':
      return newOperation(
        { kind, client, path: `/orders/${orderId}/cancellation`, orderId },
        {},
        { reason: 'changed my mind' },
      );
    case 'ship': {
      const shipments = [
        { carrier: 'DHL', trackingNumber },
        { carrier: 'UPS', trackingNumber },
      ];
      return newOperation({ kind, client, path: `/orders/${orderId}/shipment`, orderId, shipments }, ...shipments);
    }
    case 'deliver':
      return newOperation({ kind, client, path: `/orders/${orderId}/delivery`, orderId }, {});
  }
}

export function adjustmentOf(sku: string, delta: number): Operation {
  const path = `/products/${sku}/adjustments`;
  const bodies = [
    { delta, reason: 'count' },
    { delta: delta + 1 || 1, reason: 'another count' },
  ];
  return newOperation(
    { kind: 'adjust', client: 'back office', path, stock: { sku, deltas: bodies.map((body) => body.delta) } },
    ...bodies,
  );
}

/** The id of the order, from any response to placing it. */
export function orderIdOf({ tries }: Operation): string | undefined {
  for (const { answer } of tries) {
    const id = answer?.location?.slice('/orders/'.length) ?? (answer?.status === 409 ? idIn(answer.text) : undefined);
    if (id !== undefined) return id;
  }
  return undefined;
}

function idIn(text: string): string | undefined {
  return (JSON.parse(text) as { orderId?: string }).orderId;
}
