import { messages } from '@shop/chassis/contract/messages/inventory-service.ts';
import { reservationCommands } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** What order-service asks for. */
export const reservationsQueue = {
  name: 'inventory.reservations',
  messages: reservationCommands,
} satisfies QueueDefinition;

/** What inventory-service declares at the broker. */
export const topology = { publishes: messages, queues: [reservationsQueue] } satisfies Topology;
