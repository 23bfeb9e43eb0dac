import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { accountRegisteredV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import type { EmailPurpose } from '../email-tokens/email-token.ts';
import { addMail } from '../email-tokens/email-tokens.sql.ts';
import { findOrCreateAccount } from './accounts.sql.ts';

/** Over a night. */
export const VERIFICATION_VALID_HOURS = 24;
/** They count together, so that their number does not show whether there is an account. */
export const MAILS_OF_SIGN_UPS: readonly EmailPurpose[] = ['verification', 'account-exists'];

/**
 * Sign up with a mail address: its mailbox gets a link with which to choose a password or, when the account exists already, a
 * note. Both take the same statements, so that neither the answer nor its time shows which. A repeat sends another mail, at most
 * three within an hour.
 */
export async function signUp(
  trx: Transaction,
  { email, locale }: { email: string; locale: string },
  context: MessageContext,
): Promise<void> {
  const now = context.occurredAt;
  const account = await findOrCreateAccount(trx, { id: randomUUIDv7(), email, locale }, now);
  const purpose = account.status === 'active' ? 'account-exists' : 'verification';
  const mailId = randomUUIDv7();
  const mail = { id: mailId, accountId: account.id, purpose, email: account.email, now } as const;
  if (!(await addMail(trx, { ...mail, validHours: VERIFICATION_VALID_HOURS }, MAILS_OF_SIGN_UPS))) return;
  await addToOutbox(trx, [toOutboxRow(accountRegisteredV1, { accountId: account.id, mailId }, context)]);
}
