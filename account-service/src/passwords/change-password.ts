import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Account } from '../accounts/account.ts';
import { changeCredential, findAccount, findCredential, lockAccount } from '../accounts/accounts.sql.ts';
import { expireTokens } from '../email-tokens/email-tokens.sql.ts';
import { sessionEnded, wrongPassword } from '../errors.ts';
import { endSessions } from '../sessions/sessions.sql.ts';
import type { PasswordHash, PasswordHasher } from './password-hasher.ts';
import { refuseMailAddress } from './password-rules.ts';
import { provePassword } from './prove-password.ts';

export interface PasswordDeps {
  pool: Connections;
  hasher: PasswordHasher;
}

export interface PasswordChange {
  person: Person;
  current: string;
  password: string;
  /** Of the caller. */
  address: string;
}

/**
 * Change the password of the person who is signed in, and end all other sessions. A repeat, after a lost answer or by the gateway,
 * comes with a `current` that is not current any more: who brings the new password is answered the same, and nothing changes.
 */
export async function changePassword(deps: PasswordDeps, asked: PasswordChange, now: Date): Promise<Account> {
  const account = await findAccount(deps.pool, asked.person.accountId);
  if (!account) throw sessionEnded();
  refuseMailAddress(asked.password, account.email);
  for (;;) {
    const stored = await findCredential(deps.pool, account.id);
    if (!stored) throw sessionEnded();
    const claim = { email: account.email, address: asked.address };
    const proof = await provePassword(deps.pool, claim, now, () => judge(deps.hasher, asked, stored));
    if (!proof) throw wrongPassword();
    if (proof === 'changed-already') return account;
    const to = await deps.hasher.hash(asked.password);
    const isDone = await inTransaction(deps.pool, (trx) => change(trx, asked.person, { from: stored, to }, now));
    if (isDone) return account;
    // Another change came first, and this one is judged by the password that it set.
  }
}

async function judge(
  hasher: PasswordHasher,
  { current, password }: PasswordChange,
  stored: PasswordHash,
): Promise<'current' | 'changed-already' | undefined> {
  if (await hasher.matches(current, stored)) return 'current';
  return (await hasher.matches(password, stored)) ? 'changed-already' : undefined;
}

async function change(
  trx: Transaction,
  { accountId, sessionId }: Person,
  passwords: { from: PasswordHash; to: PasswordHash },
  now: Date,
): Promise<boolean> {
  if (!(await lockAccount(trx, accountId))) throw sessionEnded();
  if (!(await changeCredential(trx, accountId, passwords, now))) return false;
  await expireTokens(trx, accountId, ['password-reset', 'email-change'], now);
  await endSessions(trx, accountId, { except: sessionId, reason: 'password-changed' });
  return true;
}
