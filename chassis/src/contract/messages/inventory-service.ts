import { z } from 'zod';
import { messagesOf } from '../define-message.ts';
import { id, ofReservation, shortage, sku, text, time } from '../members.ts';

/* Messages of inventory-service: replies to the commands of order-service, and events about stock. */

export const INVENTORY_EXCHANGE = 'inventory_exchange';

const origin = { producer: 'inventory-service', exchange: INVENTORY_EXCHANGE };
const reply = messagesOf({ ...origin, kind: 'reply', consumer: 'order-service' });
const event = messagesOf({ ...origin, kind: 'event' });

export const reservationHeldV1 = reply('reservation.held', 1, 'All lines are held.', z.object(ofReservation));

export const reservationRejectedV1 = reply(
  'reservation.rejected',
  1,
  'Nothing is held: a line lacks stock (see `shortages`), or the reservation was released before it was requested.',
  z.object({
    ...ofReservation,
    reason: z.enum(['insufficient-stock', 'released']),
    shortages: z.array(shortage).optional(),
  }),
);

export const reservationReleasedV1 = reply(
  'reservation.released',
  1,
  'Nothing is held any more. This is final.',
  z.object(ofReservation),
);

export const reservationFulfilledV1 = reply(
  'reservation.fulfilled',
  1,
  'The units have left the stock.',
  z.object(ofReservation),
);

export const stockAdjustedV1 = event(
  'stock.adjusted',
  1,
  'The units on hand were adjusted.',
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

export const stockDepletedV1 = event(
  'stock.depleted',
  1,
  'The last available unit was reserved or removed.',
  z.object({ sku, onHand: z.int().nonnegative(), reserved: z.int().nonnegative(), depletedAt: time }),
);

/** The replies to the commands of order-service. Every command has a reply. */
export const reservationReplies = [
  reservationHeldV1,
  reservationRejectedV1,
  reservationReleasedV1,
  reservationFulfilledV1,
] as const;

/** All messages of inventory-service. */
export const messages = [...reservationReplies, stockAdjustedV1, stockDepletedV1] as const;
