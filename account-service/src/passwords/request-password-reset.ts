import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { accountRegisteredV1, passwordResetRequestedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { lockAccountByEmail } from '../accounts/accounts.sql.ts';
import { MAILS_OF_SIGN_UPS, VERIFICATION_VALID_HOURS } from '../accounts/sign-up.ts';
import { addMail, MAILS_PER_HOUR } from '../email-tokens/email-tokens.sql.ts';

// A mail may be late by an hour, and a person answers at once.
const RESET_VALID_HOURS = 3;

/**
 * Send a link with which to choose a new password; to an account that was never verified, another link to verify it. An unknown
 * address gets no mail, and neither does one that had three within an hour. Each of these runs the same statements and writes to
 * the log of the database, so that neither the answer nor its time shows which it was.
 */
export async function requestPasswordReset(trx: Transaction, email: string, context: MessageContext): Promise<void> {
  const account = await lockAccountByEmail(trx, email);
  const [mailId, accountId] = [randomUUIDv7(), account?.id ?? randomUUIDv7()];
  const isVerified = account?.status !== 'unverified';
  const mail = {
    ...{ id: mailId, accountId, email: account?.email ?? email, now: context.occurredAt },
    purpose: isVerified ? 'password-reset' : 'verification',
    validHours: isVerified ? RESET_VALID_HOURS : VERIFICATION_VALID_HOURS,
  } as const;
  await trx.query('SAVEPOINT mail');
  const alike = isVerified ? (['password-reset'] as const) : MAILS_OF_SIGN_UPS;
  const isSent = await addMail(trx, mail, alike, account ? MAILS_PER_HOUR : 0);
  const event = isVerified ? passwordResetRequestedV1 : accountRegisteredV1;
  await addToOutbox(trx, [toOutboxRow(event, { accountId, mailId }, context)]);
  await trx.query(isSent ? 'RELEASE SAVEPOINT mail' : 'ROLLBACK TO SAVEPOINT mail');
}
