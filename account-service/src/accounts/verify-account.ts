/**
 * The mailbox has answered: the account becomes active, with the name and password that came with the token. The hash takes long,
 * so it is made before the transaction. A repeat, after a lost answer or beside its twin, finds the token used and gets the
 * answer again if it brings the same name and password.
 */
import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { accountVerifiedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { type EmailToken, lockEmailToken, markUsed } from '../email-tokens/email-tokens.sql.ts';
import { readToken } from '../email-tokens/read-token.ts';
import { tokenInvalid } from '../errors.ts';
import type { MasterKey } from '../master-key.ts';
import type { PasswordHash, PasswordHasher } from '../passwords/password-hasher.ts';
import { refuseMailAddress } from '../passwords/password-rules.ts';
import type { Account } from './account.ts';
import { activateAccount, findAccount, findCredential, insertCredential } from './accounts.sql.ts';

export interface VerifyDeps {
  pool: Connections;
  masterKey: MasterKey;
  hasher: PasswordHasher;
}

export interface Verification {
  token: string;
  password: string;
  name: string;
}

/** An account, and its stored password. */
export interface VerifiedAccount {
  account: Account;
  password: PasswordHash;
}

/** Activate the account of a token, or find that this request did so before; 400 `token-invalid` otherwise. */
export async function verifyAccount(
  deps: VerifyDeps,
  asked: Verification,
  context: MessageContext,
): Promise<VerifiedAccount> {
  const now = context.occurredAt;
  const token = await readToken(deps.pool, deps.masterKey, { token: asked.token, purpose: 'verification', now });
  if (token.usedAt) return repeated(deps, token, asked);

  const account = await findAccount(deps.pool, token.accountId);
  if (account) refuseMailAddress(asked.password, account.email);
  const password = await deps.hasher.hash(asked.password);
  const activated = await inTransaction(deps.pool, (trx) => activate(trx, { ...asked, token, password }, context));
  return activated ? { account: activated, password } : repeated(deps, token, asked);
}

/** Undefined if the token was used meanwhile. */
async function activate(
  trx: Transaction,
  { token: { id }, name, password }: { token: EmailToken; name: string; password: PasswordHash },
  context: MessageContext,
): Promise<Account | undefined> {
  const now = context.occurredAt;
  const token = await lockEmailToken(trx, id);
  if (!token || token.usedAt) return undefined;
  const account = await activateAccount(trx, { id: token.accountId, name }, now);
  // Another mail of the same account was used: that one decided.
  if (!account) throw tokenInvalid();
  await insertCredential(trx, account.id, password);
  await markUsed(trx, token.id, now);
  await addToOutbox(trx, [toOutboxRow(accountVerifiedV1, { accountId: account.id }, context)]);
  return account;
}

async function repeated(
  deps: VerifyDeps,
  token: EmailToken,
  { password, name }: Verification,
): Promise<VerifiedAccount> {
  const account = await findAccount(deps.pool, token.accountId);
  const stored = account && (await findCredential(deps.pool, account.id));
  const isSame = stored && account.name === name && (await deps.hasher.matches(password, stored));
  if (!isSame) throw tokenInvalid();
  return { account, password: stored };
}
