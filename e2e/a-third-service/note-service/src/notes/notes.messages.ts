import { randomUUIDv7 } from 'node:crypto';
import type { orderPlacedV1 } from '@shop/chassis/contract/messages/order-service.ts';
import type { Handle } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import { insertNotes } from './notes.sql.ts';

/** Handle `order.placed`: the first note on an order has its number. */
export const notePlacedOrders: Handle<typeof orderPlacedV1> = async (trx, messages) => {
  const placed = messages.map(({ message }) => message.payload);
  await insertNotes(
    trx,
    placed.map(({ orderId, number }) => ({ id: randomUUIDv7(), orderId, text: `placed as ${number}` })),
  );
  return messages.map(() => 'handled');
};
