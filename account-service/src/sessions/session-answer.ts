import { validationFailed } from '@shop/chassis/edge/body.ts';
import { contextOf } from '@shop/chassis/edge/context.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import type { Response } from 'express';
import { z } from 'zod';
import { accountView, toAccountView } from '../accounts/account.ts';
import type { OpenSession } from './open-session.ts';
import type { SessionCookies } from './session-cookies.ts';

export const bearer = z
  .boolean()
  .default(false)
  .meta({ description: 'For apps: the tokens are in the response, and there is no cookie' });

const tokens = {
  accessToken: z.string().optional().meta({ description: 'With `bearer` only. Send it as `Authorization: Bearer`' }),
  refreshToken: z
    .string()
    .optional()
    .meta({ description: 'With `bearer` only. It is valid once; its answer has the next' }),
};
export const sessionView = z
  .strictObject({
    account: accountView,
    expiresIn: z.int().min(0).meta({ description: 'Life of the access token in seconds. Refresh it before' }),
    ...tokens,
  })
  .meta({ id: 'Session' });

/** Nothing may keep an answer with tokens. */
export function notStored(res: Response): void {
  res.set('Cache-Control', 'no-store');
}

/** Whose session this request is about; 400 if it does not say so. */
export function requireCaller(res: Response): Person['kind'] {
  const { declaredCaller } = contextOf(res);
  if (!declaredCaller) throw validationFailed([{ pointer: '/X-Caller', detail: 'Must be shopper or staff.' }]);
  return declaredCaller;
}

/** Send a session: to a page in cookies, to an app in the body. */
export function sendSession(
  res: Response,
  opened: OpenSession,
  { status, bearer, cookies, now }: { status: 200 | 201; bearer: boolean; cookies: SessionCookies; now: Date },
): void {
  const { account, access, refresh } = opened;
  if (!bearer) cookies.set(res, opened, now);
  const view: z.output<typeof sessionView> = {
    account: toAccountView(account),
    expiresIn: access.expiresIn,
    ...(bearer && { accessToken: access.token, refreshToken: refresh.text }),
  };
  sendReply(res, toReply(status, view));
}
