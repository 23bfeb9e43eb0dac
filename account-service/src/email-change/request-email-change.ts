import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { emailChangeRequestedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { findAccount, findCredential, lockAccount } from '../accounts/accounts.sql.ts';
import { addMail, countMailsTo, MAILS_PER_HOUR } from '../email-tokens/email-tokens.sql.ts';
import { sessionEnded, wrongPassword } from '../errors.ts';
import type { PasswordDeps } from '../passwords/change-password.ts';
import { provePassword } from '../passwords/prove-password.ts';

// Over a night.
const EMAIL_CHANGE_VALID_HOURS = 24;

export interface EmailChange {
  person: Person;
  email: string;
  password: string;
  /** Of the caller. */
  address: string;
}

/**
 * Send a link to the new mail address of the person who is signed in; the account keeps the old one until it is confirmed. The
 * password is asked for, because whoever has the mailbox can reset it. The mail goes out for the address of another account too,
 * so that nobody learns here which addresses have one.
 */
export async function requestEmailChange(
  deps: PasswordDeps,
  asked: EmailChange,
  context: MessageContext,
): Promise<void> {
  const now = context.occurredAt;
  const account = await findAccount(deps.pool, asked.person.accountId);
  const stored = account && (await findCredential(deps.pool, account.id));
  if (!stored) throw sessionEnded();
  const claim = { email: account.email, address: asked.address };
  const isRight = await provePassword(deps.pool, claim, now, async () =>
    (await deps.hasher.matches(asked.password, stored)) ? true : undefined,
  );
  if (!isRight) throw wrongPassword();
  await inTransaction(deps.pool, (trx) => sendLink(trx, { accountId: account.id, email: asked.email }, context));
}

async function sendLink(
  trx: Transaction,
  { accountId, email }: { accountId: string; email: string },
  context: MessageContext,
): Promise<void> {
  const now = context.occurredAt;
  const account = await lockAccount(trx, accountId);
  if (!account) throw sessionEnded();
  if (account.email === email) return;
  const mail = { id: randomUUIDv7(), accountId, purpose: 'email-change', email, now } as const;
  // By address too: otherwise many accounts could flood one mailbox.
  if ((await countMailsTo(trx, mail)) >= MAILS_PER_HOUR) return;
  if (!(await addMail(trx, { ...mail, validHours: EMAIL_CHANGE_VALID_HOURS }, ['email-change']))) return;
  await addToOutbox(trx, [toOutboxRow(emailChangeRequestedV1, { accountId, mailId: mail.id }, context)]);
}
