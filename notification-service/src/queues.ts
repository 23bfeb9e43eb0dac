import { accountDeletedV1, accountMailEvents } from '@shop/chassis/contract/messages/account-service.ts';
import type { QueueDefinition, Topology } from '@shop/chassis/reliable/messaging/topology.ts';

/** Events of account-service that a mail follows, and the deletion of an account, after which none does. */
export const accountMailsQueue = {
  name: 'notification.account-mails',
  messages: [...accountMailEvents, accountDeletedV1],
} satisfies QueueDefinition;

/** The queues that notification-service declares. It publishes nothing. */
export const topology = { publishes: [], queues: [accountMailsQueue] } satisfies Topology;
