/**
 * A new password with the token of a mail. The hash takes long, so it is made before the transaction. A repeat, after a lost
 * answer or beside its twin, finds the token used and gets the answer again if it brings the same password.
 */
import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Account } from '../accounts/account.ts';
import { changeCredential, findAccount, findCredential, lockAccount } from '../accounts/accounts.sql.ts';
import { clearFailures } from '../attempts/attempts.ts';
import { type EmailToken, expireTokens, lockEmailToken, markUsed } from '../email-tokens/email-tokens.sql.ts';
import { readToken } from '../email-tokens/read-token.ts';
import { tokenInvalid } from '../errors.ts';
import type { MasterKey } from '../master-key.ts';
import { endSessions } from '../sessions/sessions.sql.ts';
import type { PasswordHash, PasswordHasher } from './password-hasher.ts';
import { refuseMailAddress } from './password-rules.ts';

export interface ResetDeps {
  pool: Connections;
  masterKey: MasterKey;
  hasher: PasswordHasher;
}

export interface Reset {
  token: string;
  password: string;
}

/** Set the password of the account of a token, and end its sessions; 400 `token-invalid` if the token is not valid any more. */
export async function resetPassword(deps: ResetDeps, asked: Reset, now: Date): Promise<Account> {
  const token = await readToken(deps.pool, deps.masterKey, { token: asked.token, purpose: 'password-reset', now });
  if (token.usedAt) return repeated(deps, token, asked);
  const account = await findAccount(deps.pool, token.accountId);
  if (!account) throw tokenInvalid();
  refuseMailAddress(asked.password, account.email);
  const password = await deps.hasher.hash(asked.password);
  const done = await inTransaction(deps.pool, (trx) => reset(trx, { token, password }, now));
  return done ?? repeated(deps, token, asked);
}

/** Undefined if the token was used meanwhile. */
async function reset(
  trx: Transaction,
  { token: { id, accountId }, password }: { token: EmailToken; password: PasswordHash },
  now: Date,
): Promise<Account | undefined> {
  const account = await lockAccount(trx, accountId);
  const token = await lockEmailToken(trx, id);
  // The account was deleted, or its password was changed in another way, which ends all links.
  if (!account || !token || now >= token.expiresAt) throw tokenInvalid();
  if (token.usedAt) return undefined;
  await changeCredential(trx, account.id, { to: password }, now);
  await markUsed(trx, token.id, now);
  await expireTokens(trx, account.id, ['password-reset', 'email-change'], now);
  await endSessions(trx, account.id, { reason: 'password-changed' });
  await clearFailures(trx, account.email);
  return account;
}

async function repeated(deps: ResetDeps, { accountId }: EmailToken, { password }: Reset): Promise<Account> {
  const account = await findAccount(deps.pool, accountId);
  const stored = account && (await findCredential(deps.pool, account.id));
  if (!stored || !(await deps.hasher.matches(password, stored))) throw tokenInvalid();
  return account;
}
