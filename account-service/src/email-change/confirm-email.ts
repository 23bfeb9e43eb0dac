/**
 * The new mailbox has answered: the account gets its address. Another account may have it by now. Only the person who reads the
 * mailbox learns that, and nobody else. The old mailbox is told, because whoever did this may not be its reader.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { emailChangedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { violatedConstraint } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Account } from '../accounts/account.ts';
import { findAccountByEmail, lockAccount, removeUnverifiedAccount, saveEmail } from '../accounts/accounts.sql.ts';
import { addMail, expireTokens, lockEmailToken, markUsed } from '../email-tokens/email-tokens.sql.ts';
import { sessionEnded, tokenInvalid } from '../errors.ts';

// A mail server is tried for a day, and a notice that comes late is better than none.
const NOTICE_VALID_HOURS = 72;

export interface Confirmation {
  accountId: string;
  /** Of the mail; undefined if the token is none. */
  mailId: string | undefined;
}

/** Change the mail address of an account to that of a token; undefined if another account has it. */
export async function confirmEmail(
  trx: Transaction,
  { accountId, mailId }: Confirmation,
  context: MessageContext,
): Promise<Account | undefined> {
  const now = context.occurredAt;
  const account = await lockAccount(trx, accountId);
  if (!account) throw sessionEnded();
  const token = mailId === undefined ? undefined : await lockEmailToken(trx, mailId);
  if (token?.accountId !== accountId || token.purpose !== 'email-change' || now >= token.expiresAt)
    throw tokenInvalid();
  if (token.usedAt) {
    if (account.email !== token.email) throw tokenInvalid();
    return account;
  }
  const changed = await takeAddress(trx, { accountId, email: token.email }, now);
  if (!changed) return undefined;
  await markUsed(trx, token.id, now);
  // Links in the old mailbox are worth nothing any more.
  await expireTokens(trx, accountId, ['password-reset', 'email-change'], now);
  if (!isSameMailbox(account.email, changed.email)) await tellOldMailbox(trx, account, context);
  return changed;
}

function isSameMailbox(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** Not limited: there are no more of these than of confirmations, which are. */
async function tellOldMailbox(trx: Transaction, { id: accountId, email }: Account, context: MessageContext) {
  const mailId = randomUUIDv7();
  const mail = { id: mailId, accountId, purpose: 'email-changed', email, now: context.occurredAt } as const;
  await addMail(trx, { ...mail, validHours: NOTICE_VALID_HOURS }, []);
  await addToOutbox(trx, [toOutboxRow(emailChangedV1, { accountId, mailId }, context)]);
}

async function takeAddress(
  trx: Transaction,
  { accountId, email }: { accountId: string; email: string },
  now: Date,
): Promise<Account | undefined> {
  // More than once only if another account gets the address in between.
  for (;;) {
    // Without a lock: two accounts that take each other's address would wait for each other.
    const holder = await findAccountByEmail(trx, email);
    if (holder && holder.id !== accountId) {
      if (holder.status === 'active') return undefined;
      // A sign-up that nobody has verified: the mailbox has answered for this account.
      await removeUnverifiedAccount(trx, holder.id);
    }
    await trx.query('SAVEPOINT address');
    try {
      return await saveEmail(trx, { id: accountId, email }, now);
    } catch (error) {
      if (violatedConstraint(error) !== 'accounts_email_key') throw error;
      await trx.query('ROLLBACK TO SAVEPOINT address');
    }
  }
}
