import { randomUUIDv7 } from 'node:crypto';
import type { accountMailEvents } from '@shop/chassis/contract/messages/account-service.ts';
import type { Handle } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { Template } from './notification.ts';
import { addNotifications } from './notifications.sql.ts';

type AccountMailEvent = (typeof accountMailEvents)[number];

const templates = {
  'account.registered': 'sign-up',
  'account.password-reset-requested': 'password-reset',
  'account.email-change-requested': 'email-change',
  'account.email-changed': 'email-changed',
} as const satisfies Record<AccountMailEvent['type'], Template>;

export interface AccountMailsDeps {
  /** Domain of the Message-IDs. */
  domain: string;
  wakeSender: () => void;
}

/** Queue a notification for each event. */
export function accountMailsHandler({ domain, wakeSender }: AccountMailsDeps): Handle<AccountMailEvent> {
  return async (trx, events, afterCommit) => {
    const added = events.map(({ message: { id: eventId, type, correlationId, payload } }) => {
      const id = randomUUIDv7();
      return {
        id,
        eventId,
        template: templates[type],
        recipient: payload.accountId,
        subjectId: payload.mailId,
        messageId: `<${id}@${domain}>`,
        correlationId,
      };
    });
    await addNotifications(trx, added);
    afterCommit(wakeSender);
    return events.map(() => 'handled');
  };
}
