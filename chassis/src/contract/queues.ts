import type { QueueDefinition, Topology } from '../reliable/messaging/topology.ts';
import { INVENTORY_EXCHANGE, ORDER_EXCHANGE, reservationCommands, reservationReplies } from './messages.ts';

/** Commands to inventory-service. */
export const inventoryReservationsQueue = {
  name: 'inventory.reservations',
  messages: reservationCommands,
} satisfies QueueDefinition;

/** The answers that order-service waits for. */
export const orderReservationRepliesQueue = {
  name: 'order.reservation-replies',
  messages: reservationReplies,
} satisfies QueueDefinition;

/**
 * Every exchange, queue and binding of the system. Both services assert all of it at each connect, so whichever starts
 * first can publish to the other.
 */
export const topology: Topology = {
  exchanges: [INVENTORY_EXCHANGE, ORDER_EXCHANGE],
  queues: [inventoryReservationsQueue, orderReservationRepliesQueue],
};
