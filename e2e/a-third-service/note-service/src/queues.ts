import { orderPlacedV1 } from '@shop/chassis/contract/messages/order-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';
import { noteWrittenV1 } from './notes/note-messages.ts';

/** Placed orders; each gets a note. */
export const placedOrdersQueue = { name: 'note.placed-orders', messages: [orderPlacedV1] } satisfies QueueDefinition;

/** The topology that note-service declares at the broker. */
export const topology = { publishes: [noteWrittenV1], queues: [placedOrdersQueue] } satisfies Topology;
