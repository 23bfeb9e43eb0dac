import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { contextOf } from '@shop/chassis/edge/context.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { oneTimeToken } from '../email-tokens/read-token.ts';
import { messageContextOf } from '../message-context.ts';
import { newPassword } from '../passwords/password-rules.ts';
import { type OpenSessionDeps, openSession } from '../sessions/open-session.ts';
import { bearer, notStored, requireCaller, sendSession } from '../sessions/session-answer.ts';
import type { SessionCookies } from '../sessions/session-cookies.ts';
import { languageTag, mailAddress, toAccountView } from './account.ts';
import { signUp } from './sign-up.ts';
import { type VerifyDeps, verifyAccount } from './verify-account.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const signUpBody = z.strictObject({ email: mailAddress, locale: languageTag.default('en') });
export const signUpView = z.strictObject({ email: z.string() }).meta({ id: 'SignUp' });
export const verificationBody = z.strictObject({
  token: oneTimeToken,
  password: newPassword,
  name: text(1, 200),
  bearer,
});

export interface AccountsDeps extends VerifyDeps, OpenSessionDeps {
  cookies: SessionCookies;
  now: () => Date;
  wakeRelay: () => void;
}

/** Sign-up: the routes of `/accounts` that anyone may call. They take no Idempotency-Key. */
export function accountsRoutes(deps: AccountsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);

  router.post('/accounts', ...body, async (req, res) => {
    const input = parseBody(req, signUpBody);
    await inTransaction(deps.pool, (trx) => signUp(trx, input, messageContextOf(res, deps.now())));
    deps.wakeRelay();
    sendReply(res, toReply(202, { email: input.email } satisfies z.output<typeof signUpView>));
  });

  router.post('/accounts/verification', ...body, async (req, res) => {
    notStored(res);
    const { declaredCaller } = contextOf(res);
    const { bearer, ...input } = parseBody(req, verificationBody);
    const kind = bearer ? requireCaller(res) : declaredCaller;
    const { account, password } = await verifyAccount(deps, input, messageContextOf(res, deps.now()));
    deps.wakeRelay();
    const now = deps.now();
    const opened = kind && (await openSession(deps, { accountId: account.id, password }, kind, { now }));
    if (opened) sendSession(res, opened, { status: 201, bearer, cookies: deps.cookies, now });
    else sendReply(res, toReply(201, { account: toAccountView(account) }));
  });

  return router;
}
