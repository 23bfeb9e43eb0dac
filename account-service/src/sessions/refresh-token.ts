/**
 * Refresh tokens. The first of a session is random; each further one is a MAC of its predecessor, so that a used token gives the same
 * successor again although no token is stored.
 */
import { hash, randomBytes } from 'node:crypto';
import type { MasterKey } from '../master-key.ts';

export interface RefreshToken {
  /** 43 characters of base64url. */
  text: string;
  /** What is stored. */
  hash: Buffer;
}

const BYTES = 32;

/** The first token of a session. */
export function newRefreshToken(): RefreshToken {
  return toRefreshToken(randomBytes(BYTES));
}

/** A token that a request brought; undefined if it cannot be one. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === BYTES && bytes.toString('base64url') === text ? toRefreshToken(bytes) : undefined;
}

/** The successor of a token. */
export function successorOf(masterKey: MasterKey, token: RefreshToken): RefreshToken {
  return toRefreshToken(masterKey.mac('refresh-token', Buffer.from(token.text, 'base64url')));
}

/** The successor that a token got, perhaps under the former master key; undefined if that key is gone. */
export function successorAgain(masterKey: MasterKey, token: RefreshToken, hash: Buffer): RefreshToken | undefined {
  return masterKey
    .macs('refresh-token', Buffer.from(token.text, 'base64url'))
    .map(toRefreshToken)
    .find((successor) => successor.hash.equals(hash));
}

function toRefreshToken(bytes: Buffer): RefreshToken {
  return { text: bytes.toString('base64url'), hash: hash('sha256', bytes, 'buffer') };
}
