/**
 * A session is a family of refresh tokens: the one from the sign-in, and its successors. Each token is used once, for the next pair
 * of tokens. The answer may be lost, so a used token gives its successor again: until that one is used, and for some seconds after
 * the first use, for requests that were under way at the same time. If it comes later, two parties have it: the family ends.
 *
 * The family's row is locked by everything that uses or ends it, so after a sign-out no refresh succeeds.
 */
import type { Account } from '../accounts/account.ts';
import type { Audience } from '../signing-keys/signing-key.ts';

/** Life of an access token. It is in no table, so a session that ended lives on for this long at most. */
export const ACCESS_TOKEN_SECONDS = { shop: 15 * 60, console: 5 * 60 } as const satisfies Record<Audience, number>;
/** From the sign-in, whatever is refreshed: a stolen session ends at some time, that of staff on the same day. */
export const SESSION_SECONDS = { shop: 30 * 24 * 3600, console: 12 * 3600 } as const satisfies Record<Audience, number>;
/** Longer than a request that is repeated takes. */
export const REPEATABLE_SECONDS = 30;

export interface Session {
  id: string;
  accountId: string;
  audience: Audience;
  expiresAt: Date;
  endedAt: Date | undefined;
}

/** What is stored of a refresh token and of its successor. */
export interface StoredToken {
  usedAt: Date | undefined;
  successor: { hash: Buffer; usedAt: Date | undefined } | undefined;
}

/**
 * What a refresh does:
 * - `rotate`: the token is new. It gets a successor.
 * - `repeat`: it was used before, and its successor is given again.
 * - `theft`: it was used long ago, and its successor too.
 * - `ended`: the session is over.
 */
export type RefreshDecision = 'rotate' | 'repeat' | 'theft' | 'ended';

/** Decide what a refresh with this token does. */
export function judgeRefresh(session: Session, { usedAt, successor }: StoredToken, now: Date): RefreshDecision {
  if (session.endedAt || now >= session.expiresAt) return 'ended';
  if (!usedAt || !successor) return 'rotate';
  if (!successor.usedAt || Number(now) < Number(usedAt) + REPEATABLE_SECONDS * 1000) return 'repeat';
  return 'theft';
}

/** Whether the account may have a session of this kind: the console is for staff. */
export function mayHaveSession({ status, roles }: Account, audience: Audience): boolean {
  return status === 'active' && (audience === 'shop' || roles.length > 0);
}
