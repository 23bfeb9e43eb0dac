import type { OrderLine } from './order-lines.ts';

export type OrderId = string;

export const orderStatuses = ['pending', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered'] as const;

/**
 * - `pending`: transaction A set it. The order is durable, its stock is not decided. Then confirmed, rejected, cancelled.
 * - `confirmed`: transaction B or a reply set it. The stock is reserved. Then shipped or cancelled.
 * - `rejected`: transaction B or a reply set it. No stock is reserved, and the reasons are kept. Final.
 * - `cancelled`: a client set it. The stock is given back, now or as soon as inventory-service hears of it. Final.
 * - `shipped`: a back office set it. The units leave the stock. Then delivered.
 * - `delivered`: a back office set it. Final.
 */
export type OrderStatus = (typeof orderStatuses)[number];

export const transitions = {
  pending: ['confirmed', 'rejected', 'cancelled'],
  confirmed: ['shipped', 'cancelled'],
  shipped: ['delivered'],
  rejected: [],
  cancelled: [],
  delivered: [],
} as const satisfies Record<OrderStatus, readonly OrderStatus[]>;

/** Whether the state machine knows the step. */
export function mayBecome(from: OrderStatus, to: OrderStatus): boolean {
  return (transitions[from] as readonly OrderStatus[]).includes(to);
}

/** What became of an order when it left `pending`. */
export type FirstOutcome = 'confirmed' | 'rejected' | 'cancelled';

/** The answer of inventory-service that an order waits for. */
export type Awaiting = 'reservation' | 'release' | 'fulfilment';

export interface Shortage {
  sku: string;
  requested: number;
  available: number;
  reason: 'unknown-sku' | 'insufficient-stock';
}

export interface Shipment {
  carrier: string;
  trackingNumber: string;
}

export interface Order {
  id: OrderId;
  number: string;
  clientId: string;
  customerId: string;
  currency: string;
  lines: OrderLine[];
  status: OrderStatus;
  firstOutcome?: FirstOutcome;
  rejection?: { lines: Shortage[] };
  shipment?: Shipment;
  cancellation?: { reason?: string };
  awaiting?: Awaiting;
  createdAt: Date;
  updatedAt: Date;
  version: number;
}

/** What inventory-service decided about an order's stock. */
export type Decision = { kind: 'held' } | { kind: 'rejected'; shortages: Shortage[] };

export type Outcome =
  | { kind: 'changed'; order: Order }
  /** A repeat of a step that was taken before: nothing to do, and no error. */
  | { kind: 'unchanged'; order: Order }
  | { kind: 'illegal'; from: OrderStatus; to: OrderStatus }
  | { kind: 'shipment-differs'; order: Order };

/** Apply inventory's decision. An order that left `pending` keeps what it has: the decision came late or twice. */
export function applyDecision(order: Order, decision: Decision, now: Date): Outcome {
  if (order.status !== 'pending') return { kind: 'unchanged', order };
  return decision.kind === 'held'
    ? changed(order, now, { status: 'confirmed', firstOutcome: 'confirmed', awaiting: undefined })
    : changed(order, now, {
        status: 'rejected',
        firstOutcome: 'rejected',
        rejection: { lines: decision.shortages },
        awaiting: undefined,
      });
}

/**
 * Cancel, and give the stock back. That is written for a pending order too: a request for its stock may be under way,
 * and the release that overtakes it leaves a tombstone that refuses it.
 */
export function cancel(order: Order, reason: string | undefined, now: Date): Outcome {
  if (order.status === 'cancelled') return { kind: 'unchanged', order };
  return step(order, 'cancelled', now, {
    firstOutcome: order.firstOutcome ?? 'cancelled',
    cancellation: reason === undefined ? {} : { reason },
    awaiting: 'release',
  });
}

/** Ship, and take the units out of the stock. Shipping again is a repeat only with the same carrier and number. */
export function ship(order: Order, shipment: Shipment, now: Date): Outcome {
  if (order.shipment) {
    const same =
      order.shipment.carrier === shipment.carrier && order.shipment.trackingNumber === shipment.trackingNumber;
    if (!same) return { kind: 'shipment-differs', order };
    if (order.status === 'shipped') return { kind: 'unchanged', order };
  }
  return step(order, 'shipped', now, { shipment, awaiting: 'fulfilment' });
}

/** Deliver. Whatever answer the order still waits for stays awaited. */
export function deliver(order: Order, now: Date): Outcome {
  if (order.status === 'delivered') return { kind: 'unchanged', order };
  return step(order, 'delivered', now, {});
}

function step(order: Order, to: OrderStatus, now: Date, change: Partial<Order>): Outcome {
  if (!mayBecome(order.status, to)) return { kind: 'illegal', from: order.status, to };
  return changed(order, now, { ...change, status: to });
}

function changed(order: Order, now: Date, change: Partial<Order>): Outcome {
  // Two processes' clocks may differ; an order's own times never run backwards.
  const updatedAt = now > order.updatedAt ? now : order.updatedAt;
  return { kind: 'changed', order: { ...order, ...change, updatedAt, version: order.version + 1 } };
}
