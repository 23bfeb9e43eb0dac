import { reservationReplies } from '@shop/chassis/contract/messages/inventory-service.ts';
import { messages } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Inventory's answers, which order-service waits for. */
export const reservationRepliesQueue = {
  name: 'order.reservation-replies',
  messages: reservationReplies,
} satisfies QueueDefinition;

/** What order-service declares at the broker. */
export const topology = { publishes: messages, queues: [reservationRepliesQueue] } satisfies Topology;
