/**
 * The life of a signing key. `rotate` makes the next key of an audience, and says until when the present one signs:
 *
 *   created_at      signs_from            signs_until          signs_until + 15 min
 *       |  published    |  published, signs    |  published, for tokens  |  removed
 *
 * Before the first signature, all verifiers have time to learn the key. After the last one, it stays published until no token
 * that it signed is valid any more.
 */

/** Whom a token is for: pages and apps of shoppers, or of staff. */
export const audiences = ['shop', 'console'] as const;
export type Audience = (typeof audiences)[number];

export interface SigningKey {
  kid: string;
  audience: Audience;
  /** 32 bytes (RFC 8032). */
  publicKey: Buffer;
  createdAt: Date;
  signsFrom: Date;
  /** Undefined: it is the newest of its audience. */
  signsUntil: Date | undefined;
  /** By the database's clock, which decides for all processes. */
  state: 'waiting' | 'signing' | 'retired';
}

// Verifiers ask again for an unknown key, but not more often than every 30 s.
export const PUBLISHED_BEFORE_SECONDS = 60;
// The longest life of an access token.
export const PUBLISHED_AFTER_SECONDS = 15 * 60;

/**
 * Nothing ends a key but a rotation, so this is what operators are reminded of: the longer a key is in use, the more copies of the
 * database and of the master key there are. A quarter is what is usual for keys that are replaced without an interruption.
 */
export const REPLACED_WITHIN_DAYS = 90;

/** A public key as a JSON Web Key (RFC 8037). */
export function toJwk({ kid, publicKey }: Pick<SigningKey, 'kid' | 'publicKey'>) {
  return { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url'), kid, alg: 'EdDSA', use: 'sig' } as const;
}
