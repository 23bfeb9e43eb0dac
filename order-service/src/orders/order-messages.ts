import {
  orderCancelledV1,
  orderConfirmedV1,
  orderDeliveredV1,
  orderPlacedV1,
  orderRejectedV1,
  orderShippedV1,
  reservationFulfilV1,
  reservationReleaseV1,
  reservationRequestedV1,
} from '@shop/chassis/contract/messages/order-service.ts';
import { type OutboxRow, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import type { Awaiting, Order } from './order.ts';
import { demandOf } from './order-lines.ts';

/** The request or message that causes a new message. */
export interface Cause {
  /** Id of the client request that caused it. */
  correlationId: string;
  /** Id of the message that caused it, if any. */
  causationId?: string;
  traceparent?: string;
}

/** The event for the order's current status. */
export function orderEvent(order: Order, cause: Cause): OutboxRow {
  const base = { orderId: order.id, number: order.number, clientId: order.clientId, version: order.version };
  const at = order.updatedAt.toISOString();
  const context = { ...cause, subjectId: order.id, occurredAt: order.updatedAt };
  switch (order.status) {
    case 'pending':
      return toOutboxRow(
        orderPlacedV1,
        { ...base, currency: order.currency, lines: order.lines, placedAt: at },
        context,
      );
    case 'confirmed':
      return toOutboxRow(orderConfirmedV1, { ...base, confirmedAt: at }, context);
    case 'rejected':
      return toOutboxRow(
        orderRejectedV1,
        { ...base, rejection: order.rejection ?? { lines: [] }, rejectedAt: at },
        context,
      );
    case 'shipped':
      return toOutboxRow(orderShippedV1, { ...base, ...shipmentOf(order), shippedAt: at }, context);
    case 'delivered':
      return toOutboxRow(orderDeliveredV1, { ...base, deliveredAt: at }, context);
    case 'cancelled':
      return toOutboxRow(orderCancelledV1, { ...base, reason: order.cancellation?.reason, cancelledAt: at }, context);
  }
}

function shipmentOf(order: Order) {
  if (!order.shipment) throw new Error(`order ${order.id} is shipped but has no shipment`);
  return order.shipment;
}

/** The command whose reply the order waits for. Each call creates a new message for the same reservation. */
export function reservationCommand(
  order: Pick<Order, 'id' | 'lines'>,
  awaiting: Awaiting,
  cause: Cause,
  now: Date,
): OutboxRow {
  const context = { ...cause, subjectId: order.id, occurredAt: now };
  switch (awaiting) {
    case 'reservation':
      return toOutboxRow(reservationRequestedV1, { reservationId: order.id, lines: demandOf(order.lines) }, context);
    case 'release':
      return toOutboxRow(reservationReleaseV1, { reservationId: order.id }, context);
    case 'fulfilment':
      return toOutboxRow(reservationFulfilV1, { reservationId: order.id }, context);
  }
}
