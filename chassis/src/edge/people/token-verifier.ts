import { hash } from 'node:crypto';
import type { Person } from '../principal.ts';
import { hasExpired, type RefusedToken, type VerifiedToken, verifyAccessToken } from './access-token.ts';
import type { SigningKeys } from './signing-keys.ts';

interface Remembered {
  verified: VerifiedToken;
  /** Milliseconds, monotonic. */
  until: number;
}

// A signature costs a tenth of a millisecond, and a page sends one token with all calls of some minutes.
const REMEMBERED_MS = 60_000;
// About 5 MB.
const MAX_REMEMBERED = 10_000;

/**
 * Verifies access tokens, and remembers for a minute which were valid. Whether a remembered one has expired, and whether account-service
 * still publishes its key, is checked at each call.
 */
export function createTokenVerifier(keys: SigningKeys, elapsed: () => number = () => performance.now()) {
  const remembered = new Map<string, Remembered>();

  function remember(digest: string, verified: VerifiedToken): void {
    remembered.delete(digest);
    const [oldest] = remembered.keys();
    if (oldest !== undefined && remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
    remembered.set(digest, { verified, until: elapsed() + REMEMBERED_MS });
  }

  /** As `verifyAccessToken`. */
  return async (token: string, kind: Person['kind']): Promise<VerifiedToken | RefusedToken> => {
    // Not the token itself: it would be a secret that a dump of the memory shows a minute longer.
    const digest = hash('sha256', `${kind} ${token}`, 'base64');
    const known = remembered.get(digest);
    // biome-ignore lint/plugin: jose takes the time of the machine too
    const now = Date.now();
    if (known && elapsed() < known.until && !hasExpired(known.verified.person.expiresAt, now)) {
      if (await keys.find(known.verified.kid)) return known.verified;
    }
    remembered.delete(digest);
    const verified = await verifyAccessToken(token, kind, keys);
    if (verified.kind === 'valid') remember(digest, verified);
    return verified;
  };
}
