import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Connections } from '@shop/chassis/base/db/pool.ts';
import type { ProblemCode } from '@shop/chassis/contract/problems.ts';
import { TOKEN_ISSUER } from '@shop/chassis/edge/people/access-token.ts';
import { CLOCK_SKEW_SECONDS } from '@shop/chassis/edge/people/clock-skew.ts';
import { RefusedError } from '@shop/chassis/reliable/refusal.ts';
import { SignJWT } from 'jose';
import type { Account } from '../accounts/account.ts';
import type { MasterKey } from '../master-key.ts';
import { publishedKeys } from '../signing-keys/rotate-keys.ts';
import type { Audience } from '../signing-keys/signing-key.ts';
import { findSigningKey } from '../signing-keys/signing-keys.sql.ts';
import { ACCESS_TOKEN_SECONDS, type Session } from './session.ts';

export interface AccessToken {
  token: string;
  /** Seconds. */
  expiresIn: number;
}

/** Signs access tokens. */
export interface AccessTokens {
  sign(session: Session, account: Account, now: Date): Promise<AccessToken>;
}

export interface AccessTokensOptions {
  pool: Connections;
  masterKey: MasterKey;
  /** Milliseconds, monotonic. */
  elapsed?: () => number;
  /** The clock of this machine. */
  clock?: () => number;
}

interface UsableKey {
  kid: string;
  privateKey: KeyObject;
  until: number;
  /** By how much the clock of this machine was ahead of the database's. */
  clockAheadMs: number;
}

// A rotation names the end of the present key a minute before, so a key that was read this long ago is still the right one.
const KEY_KEPT_MS = 30_000;

/** The signer of a process. It keeps the decrypted key of each audience for some seconds, and never longer than the key signs. */
export function createAccessTokens({
  pool,
  masterKey,
  elapsed = () => performance.now(),
  // biome-ignore lint/plugin: it is the clock of the machine that is compared
  clock = () => Date.now(),
}: AccessTokensOptions) {
  const known = new Map<Audience, UsableKey>();

  async function keyOf(audience: Audience): Promise<UsableKey> {
    const kept = known.get(audience);
    if (kept && elapsed() < kept.until) return kept;
    const readAt = elapsed();
    const { kid, publicKey, privateKey, remainingMs, databaseTime } =
      (await findSigningKey(pool, audience)) ?? (await firstKey(audience));
    const jwk = {
      ...{ kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') },
      d: masterKey.decrypt(privateKey, kid).toString('base64url'),
    };
    const usable = {
      kid,
      privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
      until: readAt + Math.min(KEY_KEPT_MS, remainingMs ?? KEY_KEPT_MS),
      clockAheadMs: clock() - Number(databaseTime),
    };
    known.set(audience, usable);
    return usable;
  }

  async function firstKey(audience: Audience) {
    await publishedKeys({ pool, masterKey });
    const made = await findSigningKey(pool, audience);
    if (!made) throw new Error(`no key signs for ${audience}`);
    return made;
  }

  return {
    async sign({ id, audience, expiresAt }, account, now) {
      const { kid, privateKey, clockAheadMs } = await keyOf(audience);
      refuseWrongClock(clockAheadMs, now);
      const issuedAt = Math.floor(Number(now) / 1000);
      const expires = Math.min(issuedAt + ACCESS_TOKEN_SECONDS[audience], Math.floor(Number(expiresAt) / 1000));
      const token = await new SignJWT({
        ...{ iss: TOKEN_ISSUER, aud: audience, sub: account.id, sid: id, iat: issuedAt, exp: expires },
        ...(audience === 'console' && { roles: [...account.roles] }),
      })
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .sign(privateKey);
      return { token, expiresIn: expires - issuedAt };
    },
  } satisfies AccessTokens;
}

/**
 * The other services would refuse a token from a clock that is wrong, and its owner would not know why. That the database's clock is
 * wrong is possible too: the processes of account-service have it in common, and nothing else to compare with.
 */
function refuseWrongClock(clockAheadMs: number, now: Date): void {
  if (Math.abs(clockAheadMs) <= CLOCK_SKEW_SECONDS * 1000) return;
  const databaseTime = new Date(Number(now) - clockAheadMs).toISOString();
  const detail = `The clock of account-service shows ${now.toISOString()}, and that of its database ${databaseTime}. No access token is issued until they agree.`;
  throw new RefusedError({ code: 'unavailable' satisfies ProblemCode, detail }, KEY_KEPT_MS / 1000);
}
