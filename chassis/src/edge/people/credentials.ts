import type { Request } from 'express';
import { headerValues } from '../context.ts';
import type { Person } from '../principal.ts';

/** The token that a request shows, before it is verified. */
export type Credentials =
  /** No `X-Caller`: cookies and `Authorization` mean nothing. */
  | { kind: 'none' }
  | { kind: 'token-missing' }
  | { kind: 'token'; caller: Person['kind']; token: string }
  | { kind: 'malformed'; fault: string }
  /** A page of another site sent it. */
  | { kind: 'cross-site' };

/** Whose session a request is about, as `X-Caller` says. */
export type DeclaredCaller =
  | { kind: 'none' }
  | { kind: 'declared'; caller: Person['kind'] }
  | { kind: 'malformed'; fault: string }
  | { kind: 'cross-site' };

/** The names of the cookies with the access tokens. */
export type CookieNames = Readonly<Record<Person['kind'], string>>;

/**
 * Cookie names under the URL of the shop. The prefix makes browsers refuse the cookie from another host or over plain HTTP; over
 * plain HTTP, which is for development, browsers would refuse all cookies with it.
 */
export function cookieNames(publicUrl: string | undefined): CookieNames {
  const prefix = isPlainHttp(publicUrl) ? '' : '__Host-';
  return { shopper: `${prefix}shopper`, staff: `${prefix}staff` };
}

/** The names of the cookies with the refresh tokens, which are for one path and therefore cannot have the other prefix. */
export function refreshCookieNames(publicUrl: string | undefined): CookieNames {
  const prefix = isPlainHttp(publicUrl) ? '' : '__Secure-';
  return { shopper: `${prefix}shopper-refresh`, staff: `${prefix}staff-refresh` };
}

/** Only in development. */
export function isPlainHttp(publicUrl: string | undefined): boolean {
  return publicUrl?.startsWith('http:') ?? false;
}

/**
 * Find the access token of a person. `X-Caller` says whose cookie counts. A page of another site cannot send that header without
 * a preflight, which is never allowed, so a cookie alone has no effect.
 */
export function readCredentials(req: Pick<Request, 'rawHeaders'>, cookies: CookieNames): Credentials {
  const declared = readCaller(req);
  if (declared.kind !== 'declared') return declared;
  const { caller } = declared;
  const tokens = [...cookieValues(req, cookies[caller]), ...headerValues(req, 'authorization').map(readBearer)];
  if (tokens.length > 1) return { kind: 'malformed', fault: 'Send one access token: a cookie or Authorization.' };
  const [token] = tokens;
  return token === undefined ? { kind: 'token-missing' } : { kind: 'token', caller, token };
}

/** What `X-Caller` says, whatever tokens there are. */
export function readCaller(req: Pick<Request, 'rawHeaders'>): DeclaredCaller {
  const callers = headerValues(req, 'x-caller');
  if (callers.length === 0) return { kind: 'none' };
  const [caller] = callers;
  if (callers.length > 1 || (caller !== 'shopper' && caller !== 'staff')) {
    return { kind: 'malformed', fault: 'X-Caller must be shopper or staff, once.' };
  }
  if (headerValues(req, 'sec-fetch-site').some((site) => site !== 'same-origin')) return { kind: 'cross-site' };
  return { kind: 'declared', caller };
}

/**
 * All cookies of this name. Names are compared exactly: browsers keep cookies apart whose names differ in case, and protect only
 * those with the prefix.
 */
export function cookieValues(req: Pick<Request, 'rawHeaders'>, name: string): string[] {
  return headerValues(req, 'cookie')
    .flatMap((line) => line.split(';'))
    .map((pair) => pair.trimStart())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).trimEnd());
}

/** Any other scheme is an empty token, which is never valid. */
function readBearer(authorization: string): string {
  return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? '';
}
