/**
 * One call, with as many requests as it takes: each is sent with the same key and the same bytes, until the answer is final,
 * the deadline is over or the caller aborts. Only what may be sent twice can be sent at all: a read, or a write with a key.
 */
import { pauseBefore } from './backoff.ts';
import { NoAnswerError, type Outcome, RefusedError } from './errors.ts';
import { type Attempt, judge, speaksForTheKey } from './judge.ts';
import { newKey } from './key.ts';
import type { Order } from './types.ts';

/** Where the system is, and who calls. */
export interface ClientSettings {
  /** The gateway's address; with a path, if it stands below one. */
  baseUrl: string;
  /** The API key, or what gives it before each request, for keys that are rotated. Without one only public calls work. */
  apiKey?: string | undefined | (() => string | Promise<string>);
  /** How long a call may take in all, unless it says otherwise. Default 120,000: most outages are shorter. */
  deadlineMs?: number;
  /** How long one request may take before it is repeated. Default 10,000: the gateway answers earlier. */
  attemptTimeoutMs?: number;
  /** Instead of the global `fetch`: to limit connections, to trace, to test. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

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
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  query?: object;
  body?: object;
  /** 202 is not the end: ask again until it is another. */
  untilDecided?: boolean;
  /** Accepts an answer that would otherwise be repeated. */
  isAnswer?: (status: number, body: unknown) => boolean;
}

/** Makes calls with these settings. */
export type Caller = (call: Call, options?: WriteOptions) => Promise<unknown>;

/** A caller for `createClient`. */
export function makeCaller(settings: ClientSettings): Caller {
  return (call, options = {}) => perform(settings, call, options);
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

async function perform(settings: ClientSettings, call: Call, options: WriteOptions): Promise<unknown> {
  const { signal, deadlineMs = settings.deadlineMs ?? 120_000 } = options;
  // Nothing was sent, so there is nothing to tell but the reason.
  signal?.throwIfAborted();
  const key = call.method === 'GET' ? undefined : (options.key ?? newKey());
  const target = toTarget(call);
  const url = new URL(settings.baseUrl.replace(/\/+$/, '') + target).href;
  const name = `${call.method} ${target}`;
  const body = call.body && JSON.stringify(call.body);
  const headers = toHeaders(settings, key, body);
  const endsAt = performance.now() + deadlineMs;

  let order: Order | undefined;
  let mayBeDone = false;
  const outcomeNow = (): Outcome => {
    if (order) return 'pending';
    return key !== undefined && mayBeDone ? 'unknown' : 'not-done';
  };

  for (let attempts = 1; ; attempts += 1) {
    const timeoutMs = Math.min(settings.attemptTimeoutMs ?? 10_000, endsAt - performance.now());
    const request = { method: call.method, headers, body };
    const attempt = await send(settings, url, request, { signal, timeoutMs, isAnswer: call.isAnswer });
    if (attempt.kind === 'done' || (attempt.kind === 'pending' && !call.untilDecided)) return attempt.body;
    if (attempt.kind === 'refused') {
      const isSure = key === undefined || !mayBeDone || speaksForTheKey(attempt.problem);
      throw new RefusedError({
        request: name,
        outcome: isSure ? 'refused' : 'unknown',
        key,
        attempts,
        problem: attempt.problem,
      });
    }
    if (attempt.kind === 'pending') order = attempt.body as Order;
    else mayBeDone ||= !attempt.isNotDone;

    const { problem, cause } = attempt.kind === 'repeat' ? attempt : {};
    const fail = (reason: string, why: unknown = cause) =>
      new NoAnswerError(reason, { request: name, outcome: outcomeNow(), key, attempts, problem, order, cause: why });
    if (signal?.aborted) throw abortion(signal, key, fail);
    const pauseMs = pauseBefore(attempts, attempt.retryAfterMs);
    if (performance.now() + pauseMs >= endsAt) throw fail(`no final answer within ${deadlineMs} ms`);
    await pause(pauseMs, signal);
    if (signal?.aborted) throw abortion(signal, key, fail);
  }
}

/** Of a write the caller has to learn the key and the outcome; of a read, as of `fetch`, the reason alone. */
function abortion(
  signal: AbortSignal,
  key: string | undefined,
  fail: (reason: string, why: unknown) => Error,
): unknown {
  return key === undefined ? signal.reason : fail('aborted', signal.reason);
}

interface Request {
  method: string;
  headers: Headers;
  body: string | undefined;
}

interface Limits {
  signal: AbortSignal | undefined;
  timeoutMs: number;
  isAnswer: Call['isAnswer'];
}

/** Sends a request once. It never throws: no answer is an outcome as well. */
async function send(settings: ClientSettings, url: string, request: Request, limits: Limits): Promise<Attempt> {
  const { signal, timeoutMs, isAnswer } = limits;
  const sendRequest = settings.fetch ?? ((...args: [string, RequestInit]) => fetch(...args));
  // Not AbortSignal.any: Node 20.0 and browsers of 2023 have none.
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer within ${Math.round(timeoutMs / 100) / 10} s`)),
    Math.min(timeoutMs, LONGEST_TIMER_MS),
  );
  try {
    if (typeof settings.apiKey === 'function') request.headers.set('apikey', await settings.apiKey());
    // A redirect would repeat a POST as a GET, and the API has none.
    const response = await sendRequest(url, { ...request, redirect: 'error', signal: controller.signal });
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
function toHeaders({ apiKey }: ClientSettings, key: string | undefined, body: string | undefined): Headers {
  const headers = new Headers({ accept: 'application/json' });
  if (typeof apiKey === 'string') headers.set('apikey', apiKey);
  if (key !== undefined) headers.set('idempotency-key', key);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return headers;
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
