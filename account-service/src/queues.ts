import { messages } from '@shop/chassis/contract/messages/account-service.ts';
import type { Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** The exchange that account-service declares. It consumes nothing. */
export const topology = { publishes: messages, queues: [] } satisfies Topology;
