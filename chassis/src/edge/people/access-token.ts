import { errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { asUuid } from '../../base/text.ts';
import { type Person, roles } from '../principal.ts';
import { CLOCK_SKEW_SECONDS } from './clock-skew.ts';
import type { SigningKeys } from './signing-keys.ts';

/** `iss` of access tokens. */
export const TOKEN_ISSUER = 'account-service';

/** `aud` of access tokens. A key signs for one of them, and its `kid` begins with it. */
export const TOKEN_AUDIENCES = { shopper: 'shop', staff: 'console' } as const satisfies Record<Person['kind'], string>;

const accountId = z.string().refine((id) => asUuid(id) === id);
const claims = z.object({ aud: z.string(), sub: accountId, sid: z.string().min(1), iat: z.number(), exp: z.number() });
const claimedRoles = z.object({ roles: z.array(z.string()) });

/** A token whose signature and claims were found right. */
export interface VerifiedToken {
  kind: 'valid';
  person: Person;
  /** Of the key that has signed it. */
  kid: string;
}

/**
 * - `invalid`: account-service has not signed this token, or not for this kind of caller.
 * - `expired`, `from-the-future`: it has, but `at` is not within the time of the token, as far as clocks may differ.
 */
export type RefusedToken = { kind: 'invalid' } | { kind: 'expired' | 'from-the-future'; tokenTime: Date; at: Date };

/** The person for whom account-service has signed this token, or why it is not accepted. */
export async function verifyAccessToken(
  token: string,
  kind: Person['kind'],
  keys: SigningKeys,
): Promise<VerifiedToken | RefusedToken> {
  const audience = TOKEN_AUDIENCES[kind];
  // biome-ignore lint/plugin: the time of the machine is what a wrong clock is about
  const at = new Date();
  try {
    const { payload, protectedHeader } = await jwtVerify(token, async ({ kid = '' }) => keyOf(kid, audience, keys), {
      algorithms: ['EdDSA'],
      issuer: TOKEN_ISSUER,
      audience,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: at,
      requiredClaims: ['sub', 'sid', 'iat', 'exp'],
    });
    const person = toPerson(kind, payload);
    if (!person) return { kind: 'invalid' };
    const issuedAt = new Date(Number(payload.iat) * 1000);
    if (Number(issuedAt) > Number(at) + CLOCK_SKEW_SECONDS * 1000) {
      return { kind: 'from-the-future', tokenTime: issuedAt, at };
    }
    return { kind: 'valid', person, kid: protectedHeader.kid ?? '' };
  } catch (error) {
    // The signature was verified before the claims.
    if (error instanceof errors.JWTExpired) {
      return { kind: 'expired', tokenTime: new Date(Number(error.payload.exp) * 1000), at };
    }
    if (error instanceof errors.JOSEError) return { kind: 'invalid' };
    throw error;
  }
}

/** Whether a token with this end has expired by the clock of this machine, at `now` in milliseconds. */
export function hasExpired(expiresAt: Date, now: number): boolean {
  return Number(expiresAt) <= now - CLOCK_SKEW_SECONDS * 1000;
}

async function keyOf(kid: string, audience: string, keys: SigningKeys) {
  const key = typeof kid === 'string' && kid.startsWith(audience) ? await keys.find(kid) : undefined;
  if (!key) throw new errors.JWKSNoMatchingKey();
  return key;
}

function toPerson(kind: Person['kind'], payload: object): Person | undefined {
  const { data } = claims.safeParse(payload);
  if (!data) return undefined;
  const { sub: accountId, sid: sessionId, exp } = data;
  const signedIn = { accountId, sessionId, expiresAt: new Date(exp * 1000) };
  switch (kind) {
    case 'shopper':
      return { kind, ...signedIn };
    case 'staff': {
      const claimed = claimedRoles.safeParse(payload);
      if (!claimed.success) return undefined;
      return { kind, ...signedIn, roles: roles.filter((role) => claimed.data.roles.includes(role)) };
    }
  }
}
