import { messages } from '@shop/chassis/contract/messages/inventory-service.ts';
import { reservationCommands } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Commands of order-service. */
export const reservationsQueue = {
  name: 'inventory.reservations',
  messages: reservationCommands,
} satisfies QueueDefinition;

/** The exchanges and queues that inventory-service declares. */
export const topology = { publishes: messages, queues: [reservationsQueue] } satisfies Topology;
