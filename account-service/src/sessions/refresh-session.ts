import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { TOKEN_AUDIENCES } from '@shop/chassis/edge/people/access-token.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import type { MasterKey } from '../master-key.ts';
import type { AccountMetrics } from '../metrics.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { OpenSession } from './open-session.ts';
import { type RefreshToken, readRefreshToken, successorAgain, successorOf } from './refresh-token.ts';
import { judgeRefresh, mayHaveSession, type Session } from './session.ts';
import { endSession, findToken, insertToken, lockSessionOf, markTokenUsed } from './sessions.sql.ts';

export interface RefreshDeps {
  pool: Connections;
  masterKey: MasterKey;
  accessTokens: AccessTokens;
  metrics: Pick<AccountMetrics, 'sessionRefreshes'>;
}

type Outcome =
  | { kind: 'successor' | 'repeat'; session: Session; account: Account; successor: RefreshToken }
  | { kind: 'ended' | 'theft' };

/** Get the next pair of tokens for a refresh token; undefined if it is not valid any more. */
export async function refreshSession(
  deps: RefreshDeps,
  { kind, token: text }: { kind: Person['kind']; token: string },
  now: Date,
): Promise<OpenSession | undefined> {
  const token = readRefreshToken(text);
  // A theft must commit, so it is a value and not thrown.
  const outcome: Outcome = token
    ? await inTransaction(deps.pool, (trx) => refresh(trx, deps, { kind, token }, now))
    : { kind: 'ended' };
  deps.metrics.sessionRefreshes.of(kind, outcome.kind).inc();
  if (!('session' in outcome)) return undefined;
  const { session, account, successor } = outcome;
  const access = await deps.accessTokens.sign(session, account, now);
  return { kind, session, account, access, refresh: successor };
}

async function refresh(
  trx: Transaction,
  { masterKey }: RefreshDeps,
  { kind, token }: { kind: Person['kind']; token: RefreshToken },
  now: Date,
): Promise<Outcome> {
  const session = await lockSessionOf(trx, token.hash);
  const stored = session && (await findToken(trx, token.hash));
  if (!session || !stored || session.audience !== TOKEN_AUDIENCES[kind]) return { kind: 'ended' };
  const decision = judgeRefresh(session, stored, now);
  if (decision === 'ended') return { kind: 'ended' };
  if (decision === 'theft') {
    await endSession(trx, session.id, 'theft');
    return { kind: 'theft' };
  }
  // Roles are those of now.
  const account = await findAccount(trx, session.accountId);
  if (!account || !mayHaveSession(account, session.audience)) return { kind: 'ended' };
  if (decision === 'repeat') {
    const successor = stored.successor && successorAgain(masterKey, token, stored.successor.hash);
    return successor ? { kind: 'repeat', session, account, successor } : { kind: 'ended' };
  }
  const successor = successorOf(masterKey, token);
  await markTokenUsed(trx, token.hash, now);
  await insertToken(trx, { hash: successor.hash, sessionId: session.id, parent: token.hash }, now);
  return { kind: 'successor', session, account, successor };
}
