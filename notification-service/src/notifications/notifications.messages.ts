import { randomUUIDv7 } from 'node:crypto';
import type { accountDeletedV1, accountMailEvents } from '@shop/chassis/contract/messages/account-service.ts';
import type { Handle, IncomingMessage } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { NotificationMetrics } from '../metrics.ts';
import type { Template } from './notification.ts';
import { addNotifications, type NewNotification } from './notifications.sql.ts';
import { findForgotten, forgetRecipients, lockRecipients } from './recipients.sql.ts';

type AccountMailEvent = (typeof accountMailEvents)[number];
type AccountEvent = AccountMailEvent | typeof accountDeletedV1;

const templates = {
  'account.registered': 'sign-up',
  'account.password-reset-requested': 'password-reset',
  'account.email-change-requested': 'email-change',
  'account.email-changed': 'email-changed',
} as const satisfies Record<AccountMailEvent['type'], Template>;

export interface AccountEventsDeps {
  /** Domain of the Message-IDs. */
  domain: string;
  metrics: NotificationMetrics;
  wakeSender: () => void;
}

/** Queue a notification for each event that a mail follows, and forget the recipients whose accounts were deleted. */
export function accountEventsHandler({ domain, metrics, wakeSender }: AccountEventsDeps): Handle<AccountEvent> {
  return async (trx, events, afterCommit) => {
    const accountIds = events.map(({ message }) => message.payload.accountId);
    await lockRecipients(trx, accountIds);
    const deletions = events.filter(({ message }) => message.type === 'account.deleted');
    const deletedIds = deletions.map(({ message }) => message.payload.accountId);
    const suppressed = deletedIds.length > 0 ? await forgetRecipients(trx, deletedIds) : [];
    // After the deletions, whichever came first.
    const forgotten = await findForgotten(trx, accountIds);
    const added = events.flatMap(({ message }) => toNotification(message, { domain, forgotten }) ?? []);
    await addNotifications(trx, added);
    afterCommit(() => {
      for (const template of suppressed) metrics.notificationsTotal.of(template, 'suppressed').inc();
      wakeSender();
    });
    return events.map(() => 'handled');
  };
}

/** Undefined if no mail follows the event. */
function toNotification(
  message: IncomingMessage<AccountEvent>['message'],
  { domain, forgotten }: { domain: string; forgotten: ReadonlySet<string> },
): NewNotification | undefined {
  if (message.type === 'account.deleted') return undefined;
  const { id: eventId, type, correlationId, payload } = message;
  const id = randomUUIDv7();
  return {
    id,
    eventId,
    template: templates[type],
    recipient: forgotten.has(payload.accountId) ? undefined : payload.accountId,
    subjectId: payload.mailId,
    messageId: `<${id}@${domain}>`,
    correlationId,
  };
}
