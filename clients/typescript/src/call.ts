/**
 * One call, with as many requests as it takes: each is sent with the same key and the same bytes, until the answer is final,
 * the deadline is over or the caller aborts. Only what may be sent twice can be sent at all: a read, or a write with a key.
 */
import { pauseBefore } from './backoff.ts';
import { type Credentials, makeCredentials, needsRenewal, type Shown, withCredentials } from './credentials.ts';
import { NoAnswerError, type Outcome, RefusedError } from './errors.ts';
import { type Attempt, judge, speaksForTheKey } from './judge.ts';
import { newKey } from './key.ts';
import { type ClientSettings, fetchOf, urlOf } from './settings.ts';
import type { Order } from './types.ts';

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, and with it the waiting. */
  signal?: AbortSignal;
  /** How long the call may take in all. */
  deadlineMs?: number;
}

/** What every write takes. */
export type WriteOptions = CallOptions & {
  /**
   * Names the thing to be done. Without one the client makes a new key and keeps it for the repeats of this call; give one
   * that you keep yourself (in the row of the cart) if the call may be made again after a crash or an error.
   */
  key?: string;
};

/** A call, as the functions of the client describe it. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: object;
  body?: object | undefined;
  /**
   * What a repeat does: nothing, because the call only reads; nothing more, by the nature of the call; or nothing more because of
   * its key. By default as the method says: POST and PATCH have a key.
   */
  effect?: 'none' | 'repeatable' | 'keyed';
  /** Anyone may call it: it is sent without a token. */
  isOpen?: boolean;
  /** The version of the resource that the caller has seen, for `If-Match`. */
  version?: number;
  /** 202 is not the end: ask again until it is another. */
  untilDecided?: boolean;
  /** Accepts an answer that would otherwise be repeated. */
  isAnswer?: (status: number, body: unknown) => boolean;
}

/** Makes calls with these settings. */
export type Caller = (call: Call, options?: WriteOptions) => Promise<unknown>;

/** How requests are sent. */
export interface Transport {
  settings: ClientSettings;
  credentials: Credentials;
}

/** A transport for `createClient`. */
export function makeTransport(settings: ClientSettings): Transport {
  return { settings, credentials: makeCredentials(settings) };
}

/** A caller for `createClient`. */
export function makeCaller(transport: Transport): Caller {
  return (call, options = {}) => perform(transport, call, options);
}

/** A path with its parameters in place. A segment that would name another path is a mistake of the caller. */
export function pathTo(parts: TemplateStringsArray, ...segments: string[]): string {
  const encoded = segments.map((segment) => {
    if (segment === '' || segment === '.' || segment === '..') {
      throw new TypeError(`'${segment}' cannot be part of a path`);
    }
    return encodeURIComponent(segment);
  });
  return String.raw({ raw: parts }, ...encoded);
}

async function perform(transport: Transport, call: Call, options: WriteOptions): Promise<unknown> {
  const { settings } = transport;
  const { signal, deadlineMs = settings.deadlineMs ?? 120_000 } = options;
  // Nothing was sent, so there is nothing to tell but the reason.
  signal?.throwIfAborted();
  const effect = call.effect ?? EFFECTS[call.method];
  const key = effect === 'keyed' ? (options.key ?? newKey()) : undefined;
  const target = toTarget(call);
  const name = `${call.method} ${target}`;
  const request = toRequest(call, urlOf(settings, target), key);
  const endsAt = performance.now() + deadlineMs;

  let order: Order | undefined;
  let mayBeDone = false;
  const outcomeNow = (): Outcome => {
    if (order) return 'pending';
    return effect !== 'none' && mayBeDone ? 'unknown' : 'not-done';
  };

  for (let attempts = 1; ; attempts += 1) {
    const timeoutMs = Math.min(settings.attemptTimeoutMs ?? 10_000, endsAt - performance.now());
    const limits = { signal, timeoutMs, isAnswer: call.isAnswer };
    const attempt = await (call.isOpen
      ? send(settings, request, transport.credentials.anyone, limits)
      : sendSignedIn(transport, request, limits));
    if (attempt.kind === 'done' || (attempt.kind === 'pending' && !call.untilDecided)) return attempt.body;
    if (attempt.kind === 'refused') {
      const { problem } = attempt;
      const isSure = effect === 'none' || !mayBeDone || (key !== undefined && speaksForTheKey(problem));
      throw new RefusedError({ request: name, outcome: isSure ? 'refused' : 'unknown', key, attempts, problem });
    }
    if (attempt.kind === 'pending') order = attempt.body as Order;
    else mayBeDone ||= !attempt.isNotDone;

    const { problem, cause } = attempt.kind === 'repeat' ? attempt : {};
    const fail = (reason: string, why: unknown = cause) =>
      new NoAnswerError(reason, { request: name, outcome: outcomeNow(), key, attempts, problem, order, cause: why });
    // Of a write the caller has to learn the key and the outcome; of a read, as of `fetch`, the reason alone.
    const abortion = () => (effect === 'none' ? signal?.reason : fail('aborted', signal?.reason));
    if (signal?.aborted) throw abortion();
    const pauseMs = pauseBefore(attempts, attempt.retryAfterMs);
    if (performance.now() + pauseMs >= endsAt) throw fail(`no final answer within ${deadlineMs} ms`);
    await pause(pauseMs, signal);
    if (signal?.aborted) throw abortion();
  }
}

const EFFECTS = { GET: 'none', POST: 'keyed', PUT: 'repeatable', PATCH: 'keyed', DELETE: 'repeatable' } as const;

interface Request {
  url: string;
  method: string;
  headers: Headers;
  body: string | undefined;
}

interface Limits {
  signal: AbortSignal | undefined;
  timeoutMs: number;
  isAnswer: Call['isAnswer'];
}

/** Sends a request; once more with other credentials if they were the reason of the refusal. It never throws. */
async function sendSignedIn(transport: Transport, request: Request, limits: Limits): Promise<Attempt> {
  const { settings, credentials } = transport;
  try {
    const shown = await credentials.present();
    const attempt = await send(settings, request, shown, limits);
    if (attempt.kind !== 'refused' || !needsRenewal(attempt.problem)) return attempt;
    if (!(await credentials.renew(shown))) return attempt;
    return send(settings, request, await credentials.present(), limits);
  } catch (cause) {
    // What gives the token may ask this system for it.
    if (cause instanceof RefusedError) return { kind: 'refused', problem: cause.problem };
    return { kind: 'repeat', isNotDone: true, retryAfterMs: 0, cause };
  }
}

/** Sends a request once. It never throws: no answer is an outcome as well. */
async function send(settings: ClientSettings, request: Request, shown: Shown, limits: Limits): Promise<Attempt> {
  const { signal, timeoutMs, isAnswer } = limits;
  const { url, method, body } = request;
  // Not AbortSignal.any: Node 20.0 and browsers of 2023 have none.
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${Math.round(timeoutMs / 100) / 10} s`)),
    Math.min(timeoutMs, LONGEST_TIMER_MS),
  );
  try {
    // A redirect would repeat a POST as a GET, and the API has none.
    const init: RequestInit = { method, headers: request.headers, redirect: 'error', signal: controller.signal };
    if (body !== undefined) init.body = body;
    const response = await fetchOf(settings)(url, withCredentials(init, shown));
    const { status, headers } = response;
    const answer = { status, retryAfter: headers.get('retry-after'), text: await response.text() };
    return judge(answer, Date.now(), isAnswer);
  } catch (error) {
    // fetch says "fetch failed", and has the reason in its cause.
    const cause = (error as { cause?: unknown } | undefined)?.cause ?? error;
    return { kind: 'repeat', isNotDone: false, retryAfterMs: 0, cause };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** A longer timer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

function toTarget({ path, query = {} }: Call): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Throws for a key that no header can carry: sending it again would not help. */
function toRequest({ method, body, version }: Call, url: string, key: string | undefined): Request {
  const headers = new Headers({ accept: 'application/json' });
  if (key !== undefined) headers.set('idempotency-key', key);
  if (version !== undefined) headers.set('if-match', `"${version}"`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return { url, method, headers, body: body && JSON.stringify(body) };
}

/** Resolves after this time, or when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(ms, LONGEST_TIMER_MS));
    signal?.addEventListener('abort', end);
  });
}
