import { asUuid } from '../base/text.ts';
import type { Subject } from '../reliable/messaging/subject.ts';

/** Every message is about an order. A message about a reservation too, because a reservation has the id of its order. */
export const subject: Subject = {
  idIn: ({ reservationId, orderId }) => asUuid(reservationId) ?? asUuid(orderId),
  logField: 'orderId',
  spanAttribute: 'shop.order.id',
};
