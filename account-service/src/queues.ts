import { messages } from '@shop/chassis/contract/messages/account-service.ts';
import { orderEvents } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/**
 * Every change of an order's status. Half an hour of events at 50 orders a second: after a longer absence, the history is read from
 * order-service.
 */
export const orderHistoryQueue = {
  name: 'account.order-history',
  messages: orderEvents,
  maxLength: 200_000,
} satisfies QueueDefinition;

/** The exchange that account-service declares, and its queue. */
export const topology = { publishes: messages, queues: [orderHistoryQueue] } satisfies Topology;
