import { asUuid } from '../base/text.ts';
import type { Subject } from '../reliable/messaging/subject.ts';

/** Messages are about orders; those about a reservation too, because it has the id of its order. */
export const subject: Subject = {
  idIn: ({ reservationId, orderId }) => asUuid(reservationId) ?? asUuid(orderId),
  logField: 'orderId',
  spanAttribute: 'shop.order.id',
};
