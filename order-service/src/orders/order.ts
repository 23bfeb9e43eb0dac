import type { OrderLine } from './order-lines.ts';

export type OrderId = string;

export const orderStatuses = ['pending', 'confirmed', 'rejected', 'cancelled', 'shipped', 'delivered'] as const;

/**
 * - `pending`: set by transaction A. The order is durable, its stock is not decided. Next: confirmed, rejected, cancelled.
 * - `confirmed`: set by transaction B or a reply. The stock is reserved. Next: shipped, cancelled.
 * - `rejected`: set by transaction B or a reply. No stock is reserved, and the reasons are stored. Final.
 * - `cancelled`: set by a client. The stock is released as soon as inventory-service has handled the command. Final.
 * - `shipped`: set by the back office. The units leave the stock. Next: delivered.
 * - `delivered`: set by the back office. Final.
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

/** Whether the state machine allows the step. */
export function mayBecome(from: OrderStatus, to: OrderStatus): boolean {
  return (transitions[from] as readonly OrderStatus[]).includes(to);
}

/** The status of an order when it left `pending`. */
export type FirstOutcome = 'confirmed' | 'rejected' | 'cancelled';

/** The reply of inventory-service that an order waits for. */
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
  /** The step was already taken: nothing to do, and no error. */
  | { kind: 'unchanged'; order: Order }
  | { kind: 'illegal'; from: OrderStatus; to: OrderStatus }
  | { kind: 'shipment-differs'; order: Order };

/**
 * Apply the decision of inventory-service. An order that is no longer `pending` stays unchanged: the decision is late or
 * repeated.
 */
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
 * Cancel, and release the stock. A pending order needs a release too: a reservation request may be in transit, and a release
 * that overtakes it leaves a tombstone, which refuses the request.
 */
export function cancel(order: Order, reason: string | undefined, now: Date): Outcome {
  if (order.status === 'cancelled') return { kind: 'unchanged', order };
  return step(order, 'cancelled', now, {
    firstOutcome: order.firstOutcome ?? 'cancelled',
    cancellation: reason === undefined ? {} : { reason },
    awaiting: 'release',
  });
}

/** Ship, and remove the units from the stock. Shipping again is a repeat only with the same carrier and tracking number. */
export function ship(order: Order, shipment: Shipment, now: Date): Outcome {
  if (order.shipment) {
    const same =
      order.shipment.carrier === shipment.carrier && order.shipment.trackingNumber === shipment.trackingNumber;
    if (!same) return { kind: 'shipment-differs', order };
    if (order.status === 'shipped') return { kind: 'unchanged', order };
  }
  return step(order, 'shipped', now, { shipment, awaiting: 'fulfilment' });
}

/** Deliver. A pending wait for a reply continues. */
export function deliver(order: Order, now: Date): Outcome {
  if (order.status === 'delivered') return { kind: 'unchanged', order };
  return step(order, 'delivered', now, {});
}

function step(order: Order, to: OrderStatus, now: Date, change: Partial<Order>): Outcome {
  if (!mayBecome(order.status, to)) return { kind: 'illegal', from: order.status, to };
  return changed(order, now, { ...change, status: to });
}

function changed(order: Order, now: Date, change: Partial<Order>): Outcome {
  // Clocks of processes may differ, but the times of an order must not go backwards.
  const updatedAt = now > order.updatedAt ? now : order.updatedAt;
  return { kind: 'changed', order: { ...order, ...change, updatedAt, version: order.version + 1 } };
}
