import { reservationReplies } from '../contract/messages/inventory-service.ts';
import { messages, reservationCommands } from '../contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '../reliable/messaging/topology.ts';

/* Two queues to test with, of a service that sends itself what goes into them. */

export const inventoryReservationsQueue = {
  name: 'inventory.reservations',
  messages: reservationCommands,
} satisfies QueueDefinition;

export const orderReservationRepliesQueue = {
  name: 'order.reservation-replies',
  messages: reservationReplies,
} satisfies QueueDefinition;

export const topology: Topology = {
  publishes: messages,
  queues: [inventoryReservationsQueue, orderReservationRepliesQueue],
};
