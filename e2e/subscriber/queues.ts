import { orderEvents, orderPlacedV1 } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Every change of an order's status. A small queue, so that a test can overflow it. */
export const historyQueue = { name: 'history.orders', messages: orderEvents, maxLength: 20 } satisfies QueueDefinition;

/** A second queue, with an event that both get. */
export const welcomeQueue = { name: 'history.welcome', messages: [orderPlacedV1] } satisfies QueueDefinition;

export const topology = { publishes: [], queues: [historyQueue, welcomeQueue] } satisfies Topology;
