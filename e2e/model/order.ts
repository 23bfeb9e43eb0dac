/** An order in the model, and its transitions. */

import { locationOf, orderBody, problemBody, type Stored, UUID } from './expected.ts';
import { type Line, mergeLines, type Write } from './writes.ts';

export type Status = 'pending' | 'confirmed' | 'rejected' | 'cancelled' | 'shipped' | 'delivered';

export interface Order {
  id: string;
  number?: string;
  clientId: string;
  customerId: string;
  currency: string;
  lines: Line[];
  status: Status;
  rejection?: { lines: object[] };
  shipment?: { carrier: string; trackingNumber: string };
  cancellation?: { reason?: string };
  createdAt?: string;
  updatedAt?: string;
  version: number;
  /** The correlation id of the request that placed it. */
  correlationId: string;
  timeline: { type: string; actor: string; correlationId: string; detail?: object }[];
  /** The final response to the request that placed it. */
  final?: Stored;
  replays: number;
  reservation?: 'held' | 'rejected' | 'released' | 'fulfilled';
}

export interface Shortage {
  sku: string;
  requested: number;
  available: number;
  reason: string;
}

/** A new order of this client. */
export function newOrder(write: Write & { kind: 'place' }, clientId: string, correlationId: string): Order {
  return {
    id: '',
    clientId,
    customerId: write.customerId,
    currency: write.currency,
    lines: mergeLines(write.lines),
    status: 'pending',
    version: 1,
    correlationId,
    timeline: [{ type: 'placed', actor: clientId, correlationId }],
    replays: 0,
  };
}

/** Apply the decision of inventory-service. An order that was cancelled meanwhile stays cancelled. */
export function decide(order: Order, shortages: readonly Shortage[]): void {
  order.reservation = shortages.length > 0 ? 'rejected' : 'held';
  if (order.status !== 'pending') return;
  const by = { actor: 'inventory-service', correlationId: order.correlationId };
  if (order.reservation === 'held') {
    change(order, 'confirmed', by);
    order.final = { status: 201, body: orderBody(order), location: locationOf(order) };
    return;
  }
  order.rejection = { lines: [...shortages] };
  change(order, 'rejected', { ...by, detail: order.rejection });
  const members = { orderId: order.id || UUID, lines: shortages };
  const occurrence = { traceId: order.correlationId, instance: '/orders' };
  order.final = { status: 409, body: problemBody(409, 'order-rejected', occurrence, members) };
}

/** Take a step that `stepOf` allows. The final response of a pending order becomes 409 order-cancelled. */
export function take(order: Order, step: Step & { kind: 'taken' }, by: { actor: string; correlationId: string }): void {
  if (order.status === 'pending') {
    const occurrence = { traceId: by.correlationId, instance: '/orders' };
    order.final = { status: 409, body: problemBody(409, 'order-cancelled', occurrence, { orderId: order.id }) };
  }
  change(order, step.to, { ...by, detail: step.detail });
}

export type Step =
  | { kind: 'taken'; to: Status; detail?: object }
  | { kind: 'none' }
  | { kind: 'refused'; code: string; members?: object };

/** The result of a step by the state machine; also stores the step's data in the order. */
export function stepOf(order: Order, write: Write & { orderId: string }): Step {
  const illegal = (to: Status): Step => ({
    kind: 'refused',
    code: 'illegal-transition',
    members: { from: order.status, to },
  });
  if (write.kind === 'cancel') {
    if (order.status === 'cancelled') return { kind: 'none' };
    if (order.status !== 'pending' && order.status !== 'confirmed') return illegal('cancelled');
    order.cancellation = write.reason === undefined ? {} : { reason: write.reason };
    return { kind: 'taken', to: 'cancelled', detail: write.reason === undefined ? undefined : order.cancellation };
  }
  if (write.kind === 'ship') {
    const { carrier, trackingNumber } = write;
    const isSame = order.shipment?.carrier === carrier && order.shipment.trackingNumber === trackingNumber;
    if (order.shipment && !isSame) return { kind: 'refused', code: 'shipment-differs' };
    if (order.status === 'shipped') return { kind: 'none' };
    if (order.status !== 'confirmed') return illegal('shipped');
    order.shipment = { carrier, trackingNumber };
    return { kind: 'taken', to: 'shipped', detail: order.shipment };
  }
  if (order.status === 'delivered') return { kind: 'none' };
  return order.status === 'shipped' ? { kind: 'taken', to: 'delivered' } : illegal('delivered');
}

function change(order: Order, to: Status, by: { actor: string; correlationId: string; detail?: object }): void {
  order.status = to;
  order.version += 1;
  order.updatedAt = undefined;
  order.timeline.push({ type: to, ...by });
}
