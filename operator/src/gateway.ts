import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';

export interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** The client; or the person who is signed in, in `headers`. */
  apiKey?: string;
  headers?: Record<string, string>;
  idempotencyKey?: string;
  body?: string;
  /** When aborted, the call stops waiting; its request may still take effect. */
  giveUpAfterMs?: number;
}

export interface Answer {
  status: number;
  /** The problem's code, or empty. */
  code?: string;
  location?: string;
  replayed: boolean;
  retryAfterMs: number;
  text: string;
  json: unknown;
}

/** One attempt: a response, or the reason why there was none. */
export type Attempt = { answer: Answer; ms: number } | { answer?: undefined; cause: string };

export interface Gateway {
  attempt: (call: Call) => Promise<Attempt>;
  close: () => Promise<void>;
}

/** Longer than the 2.5 s that placing an order may take, shorter than a client waits. */
const REQUEST_TIMEOUT_MS = 10_000;

/** The system behind `baseUrl`, over at most `connections` connections. */
export function connectGateway(baseUrl: string, connections: number): Gateway {
  const { origin, pathname } = new URL(baseUrl);
  const prefix = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections,
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: REQUEST_TIMEOUT_MS,
    connect: { timeout: 5_000 },
  });
  const attempt = async (call: Call): Promise<Attempt> => {
    const headers: Record<string, string> = { accept: 'application/json', ...call.headers };
    if (call.apiKey !== undefined) headers.apikey = call.apiKey;
    if (call.idempotencyKey !== undefined) headers['idempotency-key'] = call.idempotencyKey;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    const start = performance.now();
    try {
      const response = await pool.request({
        method: call.method,
        path: prefix + call.path,
        headers,
        body: call.body ?? null,
        ...(call.giveUpAfterMs !== undefined && { signal: AbortSignal.timeout(call.giveUpAfterMs) }),
      });
      const text = await response.body.text();
      return { answer: toAnswer(response.statusCode, response.headers, text), ms: performance.now() - start };
    } catch (error) {
      return { cause: causeOf(error) };
    }
  };
  return { attempt, close: () => pool.destroy() };
}

function toAnswer(status: number, headers: Record<string, string | string[] | undefined>, text: string): Answer {
  const json = parseJson(text);
  const code = (json as { code?: unknown } | undefined)?.code;
  return {
    status,
    code: typeof code === 'string' ? code : undefined,
    location: headers.location?.toString(),
    replayed: headers['idempotent-replayed'] === 'true',
    retryAfterMs: 1000 * (Number(headers['retry-after']) || 0),
    text,
    json,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a request got no response, as a short text. */
export function causeOf(error: unknown): string {
  const { name, code, message } = error as Error & { code?: string };
  if (name === 'TimeoutError') return 'gave up waiting';
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'no answer within 10 s';
    case 'ECONNREFUSED':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return 'connection lost';
    default:
      return code ?? message;
  }
}

/** How long the system may make no progress before the replay gives up. */
export interface ProgressTimeout {
  /** Progress was made: restarts the time. */
  progress: () => void;
  isOver: () => boolean;
}

export function makeProgressTimeout(limitMs: number, now: () => number = () => performance.now()): ProgressTimeout {
  let last = now();
  let over = false;
  return {
    progress: () => {
      last = now();
    },
    isOver: () => {
      // Once over, it stays over, so that all workers give up at the same time.
      over ||= now() - last > limitMs;
      return over;
    },
  };
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** Why a call has to be repeated with the same key; undefined for a final response. */
export function repeatCause(attempt: Attempt): string | undefined {
  if (!attempt.answer) return attempt.cause;
  const { status, code } = attempt.answer;
  if (code === 'request-in-progress') return 'request-in-progress';
  if (status === 429 || status >= 500) return code ? `${status} ${code}` : String(status);
  return undefined;
}

/** How long to wait before the `count`-th repeat: doubling, unless the system asks for more. */
export function repeatDelay(attempt: Attempt, count: number): number {
  return Math.max(Math.min(FIRST_DELAY_MS * 2 ** (count - 1), MAX_DELAY_MS), attempt.answer?.retryAfterMs ?? 0);
}

/** Repeats a call with the same key until there is a final response; undefined on giving up. */
export async function untilAnswered(
  attempt: () => Promise<Attempt>,
  timeout: ProgressTimeout,
  onRepeat: (cause: string) => void = () => undefined,
): Promise<Answer | undefined> {
  for (let count = 1; ; count += 1) {
    const result = await attempt();
    const cause = repeatCause(result);
    if (cause === undefined) return result.answer;
    if (timeout.isOver()) return undefined;
    onRepeat(cause);
    await delay(repeatDelay(result, count));
  }
}
