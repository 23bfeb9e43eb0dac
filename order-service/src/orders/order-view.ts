import type { Order } from './order.ts';

/** The order as HTTP shows it, everywhere; absent members are left out. */
export function toOrderView(order: Order) {
  return {
    id: order.id,
    number: order.number,
    clientId: order.clientId,
    customerId: order.customerId,
    currency: order.currency,
    lines: order.lines,
    status: order.status,
    rejection: order.rejection,
    shipment: order.shipment,
    cancellation: order.cancellation,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    version: order.version,
  };
}
