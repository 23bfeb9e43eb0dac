import { randomUUIDv7 } from 'node:crypto';
import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { TOKEN_AUDIENCES } from '@shop/chassis/edge/people/access-token.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Account } from '../accounts/account.ts';
import { lockPassword } from '../accounts/accounts.sql.ts';
import type { PasswordHash } from '../passwords/password-hasher.ts';
import type { AccessToken, AccessTokens } from './access-tokens.ts';
import { newRefreshToken, type RefreshToken } from './refresh-token.ts';
import { mayHaveSession, SESSION_SECONDS, type Session } from './session.ts';
import { insertSession, insertToken } from './sessions.sql.ts';

/** What a person gets who has signed in or refreshed. */
export interface OpenSession {
  kind: Person['kind'];
  account: Account;
  session: Session;
  access: AccessToken;
  refresh: RefreshToken;
}

export interface OpenSessionDeps {
  pool: Connections;
  accessTokens: AccessTokens;
}

/** Who showed which password. */
export interface Shown {
  accountId: string;
  password: PasswordHash;
}

/**
 * Begin a session of an account whose password was shown. Undefined if it may have none of this kind, or if the password was
 * changed meanwhile: the change has ended all sessions, and this one must not come after it.
 */
export async function openSession(
  { pool, accessTokens }: OpenSessionDeps,
  shown: Shown,
  kind: Person['kind'],
  { now, alsoDo }: { now: Date; alsoDo?: (trx: Transaction) => Promise<void> },
): Promise<OpenSession | undefined> {
  const audience = TOKEN_AUDIENCES[kind];
  const refresh = newRefreshToken();
  const opened = await inTransaction(pool, async (trx) => {
    const account = await lockPassword(trx, shown.accountId, shown.password);
    if (!account || !mayHaveSession(account, audience)) return undefined;
    const session: Session = {
      ...{ id: randomUUIDv7(), accountId: account.id, audience },
      expiresAt: new Date(Number(now) + SESSION_SECONDS[audience] * 1000),
      endedAt: undefined,
    };
    await insertSession(trx, session, now);
    await insertToken(trx, { hash: refresh.hash, sessionId: session.id }, now);
    await alsoDo?.(trx);
    return { account, session };
  });
  if (!opened) return undefined;
  const access = await accessTokens.sign(opened.session, opened.account, now);
  return { kind, ...opened, access, refresh };
}
