import { accountMailEvents } from '@shop/chassis/contract/messages/account-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Events of account-service that a mail follows. */
export const accountMailsQueue = {
  name: 'notification.account-mails',
  messages: accountMailEvents,
} satisfies QueueDefinition;

/** The queues that notification-service declares. It publishes nothing. */
export const topology = { publishes: [], queues: [accountMailsQueue] } satisfies Topology;
