import type { Problem } from './types.ts';

/** One request and what came of it. */
export type Attempt =
  | { kind: 'done'; body: unknown }
  /** Accepted, and to be asked again. */
  | { kind: 'pending'; body: unknown; retryAfterMs: number }
  | { kind: 'refused'; problem: Problem }
  /** Not final. `isNotDone`: it is certain that this request did nothing. */
  | { kind: 'repeat'; isNotDone: boolean; retryAfterMs: number; problem?: Problem; cause?: unknown };

/** An answer that has arrived whole. */
export interface Answer {
  status: number;
  retryAfter: string | null;
  text: string;
}

/** What an answer means. `isAnswer` accepts one that would otherwise be repeated. */
export function judge(answer: Answer, nowMs: number, isAnswer?: (status: number, body: unknown) => boolean): Attempt {
  const { status, text } = answer;
  const body = parseJson(text);
  const retryAfterMs = readRetryAfter(answer.retryAfter, nowMs);
  if (isAnswer?.(status, body) || status === 204) return { kind: 'done', body };
  // A success that is no JSON did not come from the services: a page of some proxy in between, or half an answer.
  if (status < 400 && body === undefined) {
    const cause = new Error(`${status} without JSON: ${text.slice(0, 100)}`);
    return { kind: 'repeat', isNotDone: false, retryAfterMs, cause };
  }
  if (status === 202) return { kind: 'pending', body, retryAfterMs };
  if (status < 400) return { kind: 'done', body };
  const problem = toProblem(status, body, text);
  if (!isToBeRepeated(problem)) return { kind: 'refused', problem };
  return { kind: 'repeat', isNotDone: status === 429 || problem.code === 'overloaded', retryAfterMs, problem };
}

// 408 and 425 come from proxies in between: the request took too long, or came too early.
const REPEATED_STATUSES = [408, 425, 429];

function isToBeRepeated({ status, code }: Problem): boolean {
  return status >= 500 || REPEATED_STATUSES.includes(status) || code === 'request-in-progress';
}

/**
 * Whether a refusal says that none of the requests with this key had an effect: it was decided and stored under the key
 * (409), or the key belongs to another request (422). Any other was made before the key was looked at.
 */
export function speaksForTheKey({ status, code }: Problem): boolean {
  return code !== undefined && (status === 409 || status === 422);
}

function toProblem(status: number, body: unknown, text: string): Problem {
  const members = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
  return { title: text.slice(0, 200) || `HTTP ${status}`, ...members, status };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds or a date (RFC 9110), in milliseconds from now. */
export function readRetryAfter(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  // Date.parse takes much that is no date of HTTP, numbers among it.
  const isDate = /^[A-Z][a-z]{2}/.test(header);
  const ms = isDate ? Date.parse(header) - nowMs : Number(header) * 1_000;
  return Math.max(ms || 0, 0);
}
