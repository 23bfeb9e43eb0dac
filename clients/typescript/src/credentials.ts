/** Who calls. Access tokens last minutes, so a call that is answered 401 `not-signed-in` renews them and goes on. */
import { type CallerKind, type ClientSettings, fetchOf, urlOf } from './settings.ts';
import type { Problem } from './types.ts';

/** The credentials of a client. */
export interface Credentials {
  /** What a request shows that anyone may send: the kind of caller. A page's cookies are sent too. */
  anyone: Shown;
  /** What a request shows. */
  present(): Promise<Shown>;
  /** Replaces what was shown, once for all calls that need it. `false`: there is nothing to replace it with. */
  renew(shown: Shown): Promise<boolean>;
}

/** What a request has shown. */
export interface Shown {
  headers: Record<string, string | undefined>;
  /** Whether cookies are sent; undefined: as `fetch` decides. */
  cookies: 'same-origin' | 'omit' | undefined;
  /** How often the credentials had been replaced. */
  generation: number;
}

/** The credentials that these settings describe. */
export function makeCredentials(settings: ClientSettings): Credentials {
  const { apiKey, accessToken } = settings;
  const caller = settings.caller ?? (accessToken === undefined ? undefined : 'shopper');
  checkHeaders({ apikey: apiKey, authorization: accessToken });
  let generation = 0;
  let token: Promise<string> | undefined;
  let renewal: Promise<boolean> | undefined;

  async function readToken(): Promise<string | undefined> {
    if (typeof accessToken !== 'function') return accessToken;
    token ??= Promise.resolve(accessToken()).catch((error: unknown) => {
      token = undefined;
      throw error;
    });
    return token;
  }

  async function replace(): Promise<boolean> {
    if (accessToken === undefined) return caller !== undefined && refreshCookies(settings, caller);
    if (typeof accessToken === 'string') return false;
    const refusedToken = await token;
    token = undefined;
    return (await readToken()) !== refusedToken;
  }

  async function renewOnce(): Promise<boolean> {
    try {
      const isReplaced = await replace();
      if (isReplaced) generation += 1;
      return isReplaced;
    } finally {
      renewal = undefined;
    }
  }

  // A token and a cookie together would be refused.
  const cookies = caller && (accessToken === undefined ? 'same-origin' : 'omit');
  return {
    anyone: { headers: { 'x-caller': caller }, cookies, generation },
    async present() {
      const shown = generation;
      const [key, bearer] = await Promise.all([typeof apiKey === 'function' ? apiKey() : apiKey, readToken()]);
      const headers = { apikey: key, 'x-caller': caller, authorization: bearer && `Bearer ${bearer}` };
      return { headers, cookies, generation: shown };
    },
    async renew(shown) {
      if (shown.generation !== generation) return true;
      renewal ??= renewOnce();
      return renewal;
    },
  };
}

/** A request with these credentials. */
export function withCredentials(init: RequestInit, { headers: shown, cookies }: Shown): RequestInit {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(shown)) if (value !== undefined) headers.set(name, value);
  return { ...init, headers, ...(cookies && { credentials: cookies }) };
}

/** Whether a refusal says that the access token has ended, or is missing. */
export function needsRenewal({ status, code }: Problem): boolean {
  return status === 401 && code === 'not-signed-in';
}

/** Throws for text that no header can carry: sending it again would not help. */
function checkHeaders(headers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string') new Headers({ [name]: value });
}

const REFRESH_TIMEOUT_MS = 10_000;

/** Renews the cookies of this browser; false when the session has ended. One tab at a time, as each refresh token is used once. */
async function refreshCookies(settings: ClientSettings, caller: CallerKind): Promise<boolean> {
  const refresh = async () => {
    const { ok, status, body } = await fetchOf(settings)(urlOf(settings, '/sessions/refresh'), {
      method: 'POST',
      headers: { accept: 'application/json', 'x-caller': caller },
      credentials: 'same-origin',
      redirect: 'error',
      signal: AbortSignal.timeout(REFRESH_TIMEOUT_MS),
    });
    await body?.cancel();
    if (!ok && status !== 401) throw new Error(`the session could not be renewed: HTTP ${status}`);
    return ok;
  };
  // A page has locks on https only, and a test system may be http.
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(`shop-session-${caller}`, refresh) : refresh();
}
