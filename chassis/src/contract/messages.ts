import { z } from 'zod';
import type { MessageDefinition } from '../reliable/messaging/message-definition.ts';

/*
 * Every message of the system. Adding an optional member keeps the version; removing or redefining one makes a v2,
 * published beside the v1 until nobody reads the v1. One sample per version lies in samples/ and is parsed for ever.
 */

export const INVENTORY_EXCHANGE = 'inventory_exchange';
export const ORDER_EXCHANGE = 'order_exchange';

const id = z.uuid().toLowerCase();
const time = z.iso.datetime();
const sku = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const quantity = z.int().min(1).max(1_000_000);
const orderNumber = z.string().regex(/^ORD-\d+$/);
const orderVersion = z.int().positive();
const text = (longest: number) => z.string().min(1).max(longest);

const shortage = z.object({
  sku,
  requested: z.int().positive(),
  available: z.int().nonnegative(),
  reason: z.enum(['unknown-sku', 'insufficient-stock']),
});
const ofReservation = { reservationId: id };
// Nothing personal: whoever may know the customer asks the order's API.
const ofOrder = { orderId: id, number: orderNumber, clientId: text(255), version: orderVersion };

function define<const Type extends string, Payload extends z.ZodObject>(
  origin: Pick<MessageDefinition, 'exchange' | 'producer' | 'consumers' | 'mandatory'>,
  type: Type,
  version: number,
  meaning: string,
  payload: Payload,
): MessageDefinition<Type, Payload> {
  return { ...origin, type, version, routingKey: `${type}.v${version}`, meaning, payload };
}

const command = {
  exchange: INVENTORY_EXCHANGE,
  producer: 'order-service' as const,
  consumers: ['inventory-service' as const],
  mandatory: true,
};
const reply = {
  exchange: INVENTORY_EXCHANGE,
  producer: 'inventory-service' as const,
  consumers: ['order-service' as const],
  mandatory: true,
};
const orderEvent = { exchange: ORDER_EXCHANGE, producer: 'order-service' as const, consumers: [], mandatory: false };
const stockEvent = {
  exchange: INVENTORY_EXCHANGE,
  producer: 'inventory-service' as const,
  consumers: [],
  mandatory: false,
};

export const reservationRequestedV1 = define(
  command,
  'reservation.requested',
  1,
  'Hold stock for an order whose synchronous reservation has an unknown outcome. Asking again changes nothing.',
  z.object({ ...ofReservation, lines: z.array(z.object({ sku, quantity })).min(1).max(1_000) }),
);

export const reservationReleaseV1 = define(
  command,
  'reservation.release',
  1,
  'Give the units of a cancelled order back; for an unknown reservation, refuse it in advance.',
  z.object(ofReservation),
);

export const reservationFulfilV1 = define(
  command,
  'reservation.fulfil',
  1,
  'The order was shipped: its units leave the stock.',
  z.object(ofReservation),
);

export const reservationHeldV1 = define(reply, 'reservation.held', 1, 'All lines are held.', z.object(ofReservation));

export const reservationRejectedV1 = define(
  reply,
  'reservation.rejected',
  1,
  'Nothing is held: some line lacks stock (with the shortages), or the reservation was released before.',
  z.object({
    ...ofReservation,
    reason: z.enum(['insufficient-stock', 'released']),
    shortages: z.array(shortage).optional(),
  }),
);

export const reservationReleasedV1 = define(
  reply,
  'reservation.released',
  1,
  'Nothing is held any more, and never will be.',
  z.object(ofReservation),
);

export const reservationFulfilledV1 = define(
  reply,
  'reservation.fulfilled',
  1,
  'The units have left the stock.',
  z.object(ofReservation),
);

export const orderPlacedV1 = define(
  orderEvent,
  'order.placed',
  1,
  'An order was accepted and is durable.',
  z.object({
    ...ofOrder,
    currency: z.string().regex(/^[A-Z]{3}$/),
    lines: z
      .array(z.object({ sku, quantity, unitPrice: z.int().min(0).max(1_000_000_000).optional() }))
      .min(1)
      .max(1_000),
    placedAt: time,
  }),
);

export const orderConfirmedV1 = define(
  orderEvent,
  'order.confirmed',
  1,
  "The order's stock is reserved.",
  z.object({ ...ofOrder, confirmedAt: time }),
);

export const orderRejectedV1 = define(
  orderEvent,
  'order.rejected',
  1,
  'At least one line could not be reserved.',
  z.object({ ...ofOrder, rejection: z.object({ lines: z.array(shortage) }), rejectedAt: time }),
);

export const orderShippedV1 = define(
  orderEvent,
  'order.shipped',
  1,
  'The parcel has left.',
  z.object({ ...ofOrder, carrier: text(100), trackingNumber: text(100), shippedAt: time }),
);

export const orderDeliveredV1 = define(
  orderEvent,
  'order.delivered',
  1,
  'The parcel has arrived.',
  z.object({ ...ofOrder, deliveredAt: time }),
);

export const orderCancelledV1 = define(
  orderEvent,
  'order.cancelled',
  1,
  'The order ended before it was shipped.',
  z.object({ ...ofOrder, reason: text(200).optional(), cancelledAt: time }),
);

export const stockAdjustedV1 = define(
  stockEvent,
  'stock.adjusted',
  1,
  'Someone changed the units on hand.',
  z.object({
    sku,
    delta: z.int(),
    onHand: z.int().nonnegative(),
    reserved: z.int().nonnegative(),
    adjustmentId: id,
    reason: text(200),
    adjustedAt: time,
  }),
);

export const stockDepletedV1 = define(
  stockEvent,
  'stock.depleted',
  1,
  'The last available unit was reserved or taken away.',
  z.object({ sku, onHand: z.int().nonnegative(), reserved: z.int().nonnegative(), depletedAt: time }),
);

/** What inventory-service is told to do. */
export const reservationCommands = [reservationRequestedV1, reservationReleaseV1, reservationFulfilV1] as const;

/** Commands whose loss would leave units reserved for ever, or in stock that have left it: never given up. */
export const indispensableMessages: readonly MessageDefinition[] = [reservationReleaseV1, reservationFulfilV1];

/** What it answers; no command is fire and forget. */
export const reservationReplies = [
  reservationHeldV1,
  reservationRejectedV1,
  reservationReleasedV1,
  reservationFulfilledV1,
] as const;

/** Every message there is. */
export const allMessages = [
  ...reservationCommands,
  ...reservationReplies,
  orderPlacedV1,
  orderConfirmedV1,
  orderRejectedV1,
  orderShippedV1,
  orderDeliveredV1,
  orderCancelledV1,
  stockAdjustedV1,
  stockDepletedV1,
] as const;
