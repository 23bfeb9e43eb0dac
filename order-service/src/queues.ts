import { reservationReplies } from '@shop/chassis/contract/messages/inventory-service.ts';
import { messages } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Replies of inventory-service. */
export const reservationRepliesQueue = {
  name: 'order.reservation-replies',
  messages: reservationReplies,
} satisfies QueueDefinition;

/** The exchanges and queues that order-service declares. */
export const topology = { publishes: messages, queues: [reservationRepliesQueue] } satisfies Topology;
