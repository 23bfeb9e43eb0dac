import { pageOf, problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import { linksTo, nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { outcomes } from './notification.ts';
import { notificationsQuery, state, template } from './notifications.routes.ts';

const view = z.strictObject({
  id: z.guid(),
  eventId: z.guid().meta({ description: 'Id of the message that it follows' }),
  template: template.meta({ description: 'What it is for' }),
  recipient: z.string().optional().meta({ description: 'Id of the account. Absent once the account is deleted' }),
  state: state.meta({
    description:
      '`queued`: waits for an attempt. `sending`: an attempt is under way. `sent`: the mail server took it. `failed`: it never will. `unknown`: it may or may not have been sent. `suppressed`: not needed any more',
  }),
  messageId: z
    .string()
    .meta({ description: '`Message-ID` of the mail, by which the log of the mail server is searched' }),
  at: time,
});
const notification = view.meta({ id: 'Notification' });
const attempt = z.strictObject({
  at: time,
  endedAt: time.optional(),
  outcome: z.enum(outcomes).optional().meta({ description: 'Absent while it is under way, and if its process died' }),
  detail: z.string().optional().meta({ description: 'The answer of the mail server, without mail addresses' }),
});
const wholeNotification = view
  .extend({
    subjectId: z.guid().meta({ description: 'Id of the mail at account-service' }),
    reason: z.string().optional().meta({ description: 'Why it is in its state' }),
    sentAgain: z.boolean().meta({ description: 'Whether it was unknown, and was sent once more' }),
    nextTryAt: time.optional().meta({ description: 'Absent if nothing follows by itself' }),
    correlationId: z.string(),
    updatedAt: time,
    attempts: z.array(attempt).meta({ description: 'Oldest first' }),
  })
  .meta({ id: 'WholeNotification' });

const unknown = {
  id: '0195f0a0-0000-7000-8000-00000000000d',
  eventId: '0195f0a0-0000-7000-8000-00000000000b',
  template: 'password-reset',
  recipient: '0195f0a0-0000-7000-8000-000000000001',
  state: 'unknown',
  messageId: '<0195f0a0-0000-7000-8000-00000000000d@shop.example>',
  at: '2026-01-05T09:30:00.000Z',
};
const reason = 'the connection was closed';
const whole = {
  ...unknown,
  subjectId: '0195f0a0-0000-7000-8000-000000000002',
  reason,
  sentAgain: false,
  correlationId: '0b5ba1e3f9d94fb68e1f2d3c4a5b6978',
  updatedAt: '2026-01-05T09:30:02.000Z',
  attempts: [
    { at: '2026-01-05T09:30:01.000Z', endedAt: '2026-01-05T09:30:02.000Z', outcome: 'unknown', detail: reason },
  ],
};
const common = { tag: 'notifications', groups: ['backoffice', 'operations'] } as const;

/** What was sent to people. */
export const notificationOperations: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/notifications',
    operationId: 'listNotifications',
    route: 'notifications-list',
    summary: 'List notifications, newest first',
    description:
      'What was sent to people, or is to be. No mail address is stored: find the account with `POST /accounts/lookup`. What ended is removed after 30 days, what is `unknown` never.',
    query: notificationsQuery,
    answers: [success(200, 'A page.', pageOf(notification), { items: [unknown] })],
    links: { ...linksTo(['readNotification'], 'id', '/items/0/id'), ...nextPage('listNotifications') },
  },
  {
    ...common,
    method: 'get',
    path: '/notifications/{id}',
    operationId: 'readNotification',
    route: 'notifications-read',
    summary: 'Read a notification with its attempts',
    description: 'The mail itself is not stored: its texts are made when it is sent.',
    parameters: { id: z.guid().meta({ description: '`id` of the notification', examples: [unknown.id] }) },
    answers: [success(200, 'The notification.', wholeNotification, whole), problemAnswer('notification-not-found')],
  },
];
