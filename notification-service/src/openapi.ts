import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { streamOperations } from '@shop/chassis/operations/stream/stream.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { notificationOperations } from './notifications/notifications.openapi.ts';
import { accountMailsQueue } from './queues.ts';

/** All operations that the gateway routes to notification-service. */
export const operations: readonly Operation[] = [
  ...notificationOperations,
  ...deadLetterOperations('/operations/notifications', accountMailsQueue.name),
  ...streamOperations('/operations/notifications', { queue: accountMailsQueue.name }),
  ...serviceOperations('notifications'),
];

/** The OpenAPI document of notification-service. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Notifications',
      summary: 'Mails to people',
      description: `Mails to people. Sending needs no call: it follows the events of other services.\n\n${callingAdvice}`,
      tags: {
        notifications: 'What was sent to people, and what became of it',
        'dead letters': 'Messages that could not be handled: inspect, replay and discard them',
        stream: 'What happens, while it happens',
        service: 'Health and documentation of the service',
      },
      operations,
    },
    published,
  );
}
