/**
 * One-time tokens in the links of mails. A token is the id of its row and a MAC of the id, so that it is stored nowhere, and the
 * same mail carries the same link however often it is rendered.
 */
import type { MasterKey } from '../master-key.ts';

export type EmailPurpose = 'verification' | 'account-exists' | 'password-reset' | 'email-change' | 'email-changed';

/** Mails whose link has no token, because it does nothing. */
export const WITHOUT_TOKEN: readonly EmailPurpose[] = ['account-exists', 'email-changed'];

const ID_BYTES = 16;

/** The token of a row, 64 characters of base64url. */
export function toToken(masterKey: MasterKey, id: string): string {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([bytes, masterKey.mac('email-token', bytes)]).toString('base64url');
}

/** The id in a token; undefined if we did not make it. */
export function idIn(masterKey: MasterKey, token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const [id, mac] = [bytes.subarray(0, ID_BYTES), bytes.subarray(ID_BYTES)];
  if (!masterKey.isMac('email-token', id, mac)) return undefined;
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
