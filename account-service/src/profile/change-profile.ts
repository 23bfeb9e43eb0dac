import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { type IfMatch, requireMatch } from '@shop/chassis/edge/versions.ts';
import { type Account, toAccountView } from '../accounts/account.ts';
import { lockAccount, saveProfile } from '../accounts/accounts.sql.ts';
import { sessionEnded } from '../errors.ts';

export interface ProfileChange {
  accountId: string;
  wish: { name?: string | undefined; locale?: string | undefined };
  ifMatch: IfMatch;
}

/** Change name or locale of an account; to what they are already, nothing changes, its version included. */
export async function changeProfile(
  trx: Transaction,
  { accountId, wish, ifMatch }: ProfileChange,
  now: Date,
): Promise<Account> {
  const account = await lockAccount(trx, accountId);
  if (!account) throw sessionEnded();
  const { name = account.name, locale = account.locale } = wish;
  const isAlreadyApplied = name === account.name && locale === account.locale;
  requireMatch(ifMatch, toAccountView(account), isAlreadyApplied);
  return isAlreadyApplied ? account : saveProfile(trx, { id: account.id, name, locale }, now);
}
