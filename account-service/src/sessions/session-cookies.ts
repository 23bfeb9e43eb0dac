/**
 * The cookies of pages. Scripts cannot read them, and other sites cannot make browsers send them with an `X-Caller`. The refresh
 * token goes to one path only.
 */
import { cookieNames, cookieValues, isPlainHttp, refreshCookieNames } from '@shop/chassis/edge/people/credentials.ts';
import type { Person } from '@shop/chassis/edge/principal.ts';
import type { CookieOptions, Request, Response } from 'express';
import type { OpenSession } from './open-session.ts';

export interface SessionCookies {
  set(res: Response, opened: OpenSession, now: Date): void;
  clear(res: Response, kind: Person['kind']): void;
  /** All refresh tokens of this kind that the request brought. */
  refreshTokens(req: Pick<Request, 'rawHeaders'>, kind: Person['kind']): string[];
}

/** The cookies under this URL of the shop. */
export function createSessionCookies(publicUrl: string | undefined): SessionCookies {
  const [access, refresh] = [cookieNames(publicUrl), refreshCookieNames(publicUrl)];
  const attributes = (path: string): CookieOptions => ({
    ...{ httpOnly: true, secure: !isPlainHttp(publicUrl), sameSite: 'lax', path },
  });
  return {
    set(res, { kind, access: { token, expiresIn }, refresh: { text }, session }, now) {
      res.cookie(access[kind], token, { ...attributes('/'), maxAge: expiresIn * 1000 });
      const maxAge = Number(session.expiresAt) - Number(now);
      res.cookie(refresh[kind], text, { ...attributes('/sessions'), maxAge });
    },
    clear(res, kind) {
      res.clearCookie(access[kind], attributes('/'));
      res.clearCookie(refresh[kind], attributes('/sessions'));
    },
    refreshTokens: (req, kind) => cookieValues(req, refresh[kind]),
  };
}
