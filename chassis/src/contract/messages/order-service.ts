import { z } from 'zod';
import { messagesOf } from '../define-message.ts';
import { id, ofReservation, quantity, shortage, sku, text, time } from '../members.ts';
import { INVENTORY_EXCHANGE } from './inventory-service.ts';

/* Messages of order-service: commands to inventory-service, and events about orders. */

export const ORDER_EXCHANGE = 'order_exchange';

const producer = 'order-service';
const command = messagesOf({ producer, kind: 'command', exchange: INVENTORY_EXCHANGE, consumer: 'inventory-service' });
const event = messagesOf({ producer, kind: 'event', exchange: ORDER_EXCHANGE });

// No personal data: authorized clients read the customer from the API.
const ofOrder = {
  orderId: id,
  number: z.string().regex(/^ORD-\d+$/),
  clientId: text(255),
  version: z.int().positive(),
};

export const reservationRequestedV1 = command(
  'reservation.requested',
  1,
  'Hold stock for an order whose synchronous reservation has an unknown outcome. Idempotent.',
  z.object({ ...ofReservation, lines: z.array(z.object({ sku, quantity })).min(1).max(1_000) }),
);

export const reservationReleaseV1 = command(
  'reservation.release',
  1,
  'Release the units of a cancelled order. If the reservation is unknown, a later request for it is refused.',
  z.object(ofReservation),
);

export const reservationFulfilV1 = command(
  'reservation.fulfil',
  1,
  'The order was shipped: its units leave the stock.',
  z.object(ofReservation),
);

export const orderPlacedV1 = event(
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

export const orderConfirmedV1 = event(
  'order.confirmed',
  1,
  "The order's stock is reserved.",
  z.object({ ...ofOrder, confirmedAt: time }),
);

export const orderRejectedV1 = event(
  'order.rejected',
  1,
  'At least one line could not be reserved.',
  z.object({ ...ofOrder, rejection: z.object({ lines: z.array(shortage) }), rejectedAt: time }),
);

export const orderShippedV1 = event(
  'order.shipped',
  1,
  'The parcel was sent.',
  z.object({ ...ofOrder, carrier: text(100), trackingNumber: text(100), shippedAt: time }),
);

export const orderDeliveredV1 = event(
  'order.delivered',
  1,
  'The parcel was delivered.',
  z.object({ ...ofOrder, deliveredAt: time }),
);

export const orderCancelledV1 = event(
  'order.cancelled',
  1,
  'The order was cancelled before it was shipped.',
  z.object({ ...ofOrder, reason: text(200).optional(), cancelledAt: time }),
);

/** The commands to inventory-service. */
export const reservationCommands = [reservationRequestedV1, reservationReleaseV1, reservationFulfilV1] as const;

/** Commands whose loss would leave units reserved for ever, or counted as on hand after they left: never discarded. */
export const indispensableMessages = [reservationReleaseV1, reservationFulfilV1] as const;

/** One event for each change of an order's status. */
export const orderEvents = [
  orderPlacedV1,
  orderConfirmedV1,
  orderRejectedV1,
  orderShippedV1,
  orderDeliveredV1,
  orderCancelledV1,
] as const;

/** All messages of order-service. */
export const messages = [...reservationCommands, ...orderEvents] as const;
