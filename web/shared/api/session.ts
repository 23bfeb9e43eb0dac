/**
 * Who is signed in, by cookies that no script can read. An access token lives for minutes: it is refreshed before it expires, and when
 * a call is answered with 401. Of all tabs of a browser only one refreshes at a time; the others then use what it got.
 *
 *   unknown -> signed-in | signed-out      when the first call is answered
 *   signed-in -> signed-out                the session has ended, or the person signed out in any tab
 *   signed-out -> signed-in                signing in
 */
import type { Problem } from '@shop/client';
import { remember, remembered } from '../remembered.ts';

/** A person of staff, as far as the pages need it. */
export interface Person {
  id: string;
  email: string;
  name?: string | undefined;
  roles: readonly string[];
}

export type Session =
  | { state: 'unknown' }
  | { state: 'signed-in'; person: Person }
  /** `hasEnded`: there was a session, and the person did not end it here. */
  | { state: 'signed-out'; hasEnded: boolean };

/** A refusal of a call about sessions. */
export class SessionRefusedError extends Error {
  override readonly name = 'SessionRefusedError';
  readonly problem: Problem;
  readonly retryAfterSeconds: number;

  constructor(problem: Problem, retryAfterSeconds: number) {
    super(problem.title);
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

// Calls in progress when the token expires would need a second request.
const REFRESH_EARLY_MS = 30_000;

let session: Session = { state: 'unknown' };
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const otherTabs = new BroadcastChannel('console.session');
otherTabs.onmessage = ({ data }) => {
  if (data === 'signed-out') become({ state: 'signed-out', hasEnded: false });
  else if (session.state === 'signed-out') location.reload();
};

export function currentSession(): Session {
  return session;
}

/** Calls back after each change; returns what ends it. */
export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function become(next: Session): void {
  session = next;
  if (next.state === 'signed-out') {
    clearTimeout(timer);
    remember('person', undefined);
  }
  for (const listener of listeners) listener();
}

/**
 * `fetch` as staff. A call that is refused because the token has expired is sent again with a new one. The client's own
 * `caller: 'staff'` does this for one client in one tab. Here all clients and tabs of a browser share a refresh, and the page learns
 * who is signed in, until when, and that the session has ended.
 */
export async function fetchAsStaff(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-caller', 'staff');
  const send = () => fetch(url, { ...init, headers, credentials: 'same-origin' });
  const sentAt = Date.now();
  const response = await send();
  if (response.status !== 401 || session.state === 'signed-out') return response;
  return (await refresh(sentAt)) ? send() : response;
}

/**
 * Finds out who is signed in: whom this browser remembers, as long as the token is valid, so that a page is there at once; else by a
 * new token. That a session has ended otherwise is told by the first call.
 */
export async function resumeSession(): Promise<void> {
  const person = rememberedPerson();
  if (person !== undefined && Number(remembered('session-expires-at')) > Date.now()) {
    scheduleRefresh();
    return become({ state: 'signed-in', person });
  }
  await refresh(Date.now());
  if (session.state === 'unknown') throw new Error('the session could not be resumed');
}

export async function signIn(email: string, password: string): Promise<void> {
  await begin('/sessions', { email, password });
}

/** Sets up the account of an invitation or a sign-up, which signs in. */
export async function verifyAccount(token: string, name: string, password: string): Promise<void> {
  await begin('/accounts/verification', { token, name, password });
  // The session of a new account is the shopper's; the roles of staff need one of the console.
  if (session.state !== 'signed-in') become({ state: 'signed-out', hasEnded: false });
}

export async function signOut(): Promise<void> {
  const { ok, status } = await fetchAsStaff('/sessions/current', { method: 'DELETE' });
  if (!ok && status !== 401) throw new Error(`/sessions/current answered ${status}`);
  otherTabs.postMessage('signed-out');
  become({ state: 'signed-out', hasEnded: false });
}

async function begin(path: string, body: object): Promise<void> {
  const response = await post(path, body);
  if (!response.ok) throw await refusalOf(response);
  const { account, expiresIn } = (await response.json()) as { account: Person; expiresIn?: number };
  if (expiresIn === undefined) return;
  enter(account, expiresIn);
  otherTabs.postMessage('signed-in');
}

function enter(person: Person, expiresIn: number): void {
  remember('person', JSON.stringify(person));
  remember('session-expires-at', String(Date.now() + expiresIn * 1_000));
  remember('session-refreshed-at', String(Date.now()));
  scheduleRefresh();
  become({ state: 'signed-in', person });
}

function rememberedPerson(): Person | undefined {
  const text = remembered('person');
  return text === undefined ? undefined : (JSON.parse(text) as Person);
}

/** Whether there is a new token, from this tab or, since `since`, from another. */
function refresh(since: number): Promise<boolean> {
  return oneAtATime(async () => {
    const person = rememberedPerson();
    if (person !== undefined && Number(remembered('session-refreshed-at') ?? 0) > since) {
      scheduleRefresh();
      become({ state: 'signed-in', person });
      return true;
    }
    const response = await post('/sessions/refresh', {});
    if (response.ok) {
      const { account, expiresIn } = (await response.json()) as { account: Person; expiresIn: number };
      enter(account, expiresIn);
      return true;
    }
    // Anything else says nothing about the session: the call is repeated like every other.
    if (response.status === 401) become({ state: 'signed-out', hasEnded: session.state === 'signed-in' });
    return false;
  });
}

/** Browsers have locks on https and on localhost only; without, a lost race is settled by the server, which gives the same pair. */
function oneAtATime<Result>(work: () => Promise<Result>): Promise<Result> {
  return 'locks' in navigator ? navigator.locks.request('console.session', work) : work();
}

function scheduleRefresh(): void {
  clearTimeout(timer);
  const expiresAt = Number(remembered('session-expires-at') ?? 0);
  if (expiresAt === 0) return;
  const due = Math.max(expiresAt - REFRESH_EARLY_MS - Date.now(), 1_000);
  timer = setTimeout(() => void refreshEarly(expiresAt), due);
}

/** Unless another tab has done it. A failure is left to the next call, which gets 401. */
async function refreshEarly(expiresAt: number): Promise<void> {
  try {
    if (Number(remembered('session-expires-at')) > expiresAt) scheduleRefresh();
    else await refresh(Date.now());
  } catch {
    // The network is away; the next call refreshes.
  }
}

/** Not by the client: it would wait and repeat a 429, and the person has to see it. */
function post(path: string, body: object): Promise<Response> {
  return fetch(path, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json', 'x-caller': 'staff' },
    credentials: 'same-origin',
    body: JSON.stringify(body),
  });
}

async function refusalOf(response: Response): Promise<SessionRefusedError> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const { status, headers } = response;
  return new SessionRefusedError(
    { title: response.statusText, ...problem, status },
    Number(headers.get('retry-after')) || 0,
  );
}
