import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { z } from 'zod';
import { tokenInvalid } from '../errors.ts';
import type { MasterKey } from '../master-key.ts';
import { type EmailPurpose, idIn } from './email-token.ts';
import { type EmailToken, findEmailToken } from './email-tokens.sql.ts';

/** A token in the body of a request. */
export const oneTimeToken = z.string().min(1).max(200).meta({ description: 'From the link in the mail' });

/** The mail of a token that came with a request, used or not; 400 `token-invalid` if it cannot be for this purpose. */
export async function readToken(
  q: Queryable,
  masterKey: MasterKey,
  { token, purpose, now }: { token: string; purpose: EmailPurpose; now: Date },
): Promise<EmailToken> {
  const id = idIn(masterKey, token);
  const found = id && (await findEmailToken(q, id));
  if (!found || found.purpose !== purpose || now >= found.expiresAt) throw tokenInvalid();
  return found;
}
