import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { headerValues } from '@shop/chassis/edge/context.ts';
import { notSignedIn } from '@shop/chassis/edge/people/people.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { mailAddress } from '../accounts/account.ts';
import { addressOf } from '../attempts/address.ts';
import { sessionEnded } from '../errors.ts';
import type { AccountMetrics } from '../metrics.ts';
import { personOf } from '../signed-in.ts';
import { countSignIn } from './count-sign-in.ts';
import { type RefreshDeps, refreshSession } from './refresh-session.ts';
import { bearer, notStored, requireCaller, sendSession } from './session-answer.ts';
import type { SessionCookies } from './session-cookies.ts';
import { endSession, endSessions } from './sessions.sql.ts';
import { type SignInDeps, signIn } from './sign-in.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const signInBody = z.strictObject({ email: mailAddress, password: text(1, 1_000), bearer });
export const refreshBody = z.strictObject({
  refreshToken: z.string().min(1).max(200).optional().meta({ description: 'Of an app; a page has it in a cookie' }),
});

export interface SessionsDeps extends SignInDeps, RefreshDeps {
  metrics: AccountMetrics;
  now: () => Date;
  cookies: SessionCookies;
}

/** Sign-in, refresh and sign-out. They take no Idempotency-Key: an answer with tokens is stored nowhere. */
export function sessionsRoutes(deps: SessionsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);
  router.post('/sessions', ...body, async (req, res) => {
    notStored(res);
    const kind = requireCaller(res);
    const { bearer, ...asked } = parseBody(req, signInBody);
    const now = deps.now();
    const address = addressOf(req);
    const opened = await countSignIn(deps.metrics, kind, () => signIn(deps, { ...asked, kind, address }, now));
    sendSession(res, opened, { status: 201, bearer, cookies: deps.cookies, now });
  });

  router.post('/sessions/refresh', ...body, async (req, res) => {
    notStored(res);
    const kind = requireCaller(res);
    const { refreshToken } = parseBody(req, refreshBody, { orEmpty: true });
    const inCookies = deps.cookies.refreshTokens(req, kind);
    const token = oneToken([...inCookies, ...(refreshToken === undefined ? [] : [refreshToken])]);
    const now = deps.now();
    const opened = await refreshSession(deps, { kind, token }, now);
    if (!opened) {
      if (inCookies.length > 0) deps.cookies.clear(res, kind);
      throw sessionEnded();
    }
    sendSession(res, opened, { status: 200, bearer: refreshToken !== undefined, cookies: deps.cookies, now });
  });

  /** An app has no cookies. */
  const answerSignedOut = (req: Request, res: Response, kind: Person['kind']) => {
    notStored(res);
    if (headerValues(req, 'authorization').length === 0) deps.cookies.clear(res, kind);
    res.status(204).end();
  };

  router.delete('/sessions/current', async (req, res) => {
    const { kind, sessionId } = personOf(res);
    await endSession(deps.pool, sessionId, 'signed-out');
    answerSignedOut(req, res, kind);
  });

  router.delete('/sessions', async (req, res) => {
    const { kind, accountId } = personOf(res);
    await inTransaction(deps.pool, (trx) => endSessions(trx, accountId, { reason: 'signed-out-everywhere' }));
    answerSignedOut(req, res, kind);
  });

  return router;
}

function oneToken(tokens: readonly string[]): string {
  const [token, another] = tokens;
  if (token === undefined) throw notSignedIn('Send the refresh token: in its cookie, or as refreshToken.');
  if (another !== undefined) throw notSignedIn('Send one refresh token: in one cookie, or as refreshToken.');
  return token;
}
