import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { mailAddress, toAccountView } from '../accounts/account.ts';
import { addressOf } from '../attempts/address.ts';
import { oneTimeToken } from '../email-tokens/read-token.ts';
import { messageContextOf } from '../message-context.ts';
import { personOf } from '../signed-in.ts';
import { changePassword } from './change-password.ts';
import { newPassword } from './password-rules.ts';
import { requestPasswordReset } from './request-password-reset.ts';
import { type ResetDeps, resetPassword } from './reset-password.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const resetRequestBody = z.strictObject({ email: mailAddress });
export const resetRequestView = z.strictObject({ email: z.string() }).meta({ id: 'PasswordResetRequest' });
export const resetBody = z.strictObject({ token: oneTimeToken, password: newPassword });
export const passwordBody = z.strictObject({ current: text(1, 1_000), password: newPassword });

export interface PasswordsDeps extends ResetDeps {
  now: () => Date;
  wakeRelay: () => void;
}

/** Passwords: forgotten ones, and changes. */
export function passwordsRoutes(deps: PasswordsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);

  router.post('/accounts/password-reset', ...body, async (req, res) => {
    const { email } = parseBody(req, resetRequestBody);
    const context = messageContextOf(res, deps.now());
    await inTransaction(deps.pool, (trx) => requestPasswordReset(trx, email, context));
    deps.wakeRelay();
    sendReply(res, toReply(202, { email } satisfies z.output<typeof resetRequestView>));
  });

  router.put('/accounts/password', ...body, async (req, res) => {
    const account = await resetPassword(deps, parseBody(req, resetBody), deps.now());
    sendReply(res, toReply(200, toAccountView(account)));
  });

  router.put('/accounts/me/password', ...body, async (req, res) => {
    const input = parseBody(req, passwordBody);
    const change = { ...input, person: personOf(res), address: addressOf(req) };
    const account = await changePassword(deps, change, deps.now());
    sendReply(res, toReply(200, toAccountView(account)));
  });

  return router;
}
