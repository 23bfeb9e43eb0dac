import type { Order, Problem, ProblemCode, ProblemOf } from './types.ts';

/**
 * What became of the call:
 *
 * - `refused`: the service decided, and the answer is final for this key.
 * - `not-done`: it was turned away each time before anything was done, or it only reads.
 * - `unknown`: it may have been done, or not. The same call with the same `key` finds out, and does nothing twice.
 * - `pending`: the order is accepted and cannot be lost; its stock is not decided yet. The same call with the same `key`
 *   goes on waiting.
 */
export type Outcome = 'refused' | 'not-done' | 'unknown' | 'pending';

/** What is known about a call that failed. */
export interface Failure {
  outcome: Outcome;
  /** Method and path: `POST /orders`. */
  request: string;
  /** The `Idempotency-Key` of a write. */
  key?: string;
  /** Requests that were sent. */
  attempts: number;
  /** The last refusal, if the last request was answered with one. */
  problem?: Problem;
  /** The order as it was last seen, when it is `pending`. */
  order?: Order;
  /** What ended the last request without an answer, or the reason of the signal. */
  cause?: unknown;
}

/** Any failure of a call that was sent: a `RefusedError` or a `NoAnswerError`. */
export class ShopError extends Error {
  override readonly name: string = 'ShopError';
  readonly outcome: Outcome;
  /** Method and path: `POST /orders`. */
  readonly request: string;
  readonly key: string | undefined;
  readonly attempts: number;
  readonly problem: Problem | undefined;

  constructor(message: string, { outcome, request, key, attempts, problem, cause }: Failure) {
    super(message, { cause });
    this.outcome = outcome;
    this.request = request;
    this.key = key;
    this.attempts = attempts;
    this.problem = problem;
  }
}

/**
 * The answer is no. `problem` says why; `isRefusal` tells which one. Its `outcome` is `unknown` instead of `refused` when an
 * earlier request of this call got no answer and this refusal proves nothing about that one, as after a key that expired
 * in between.
 */
export class RefusedError extends ShopError {
  override readonly name = 'RefusedError';
  declare readonly problem: Problem;
  /** The HTTP status. */
  readonly status: number;
  /** The problem's `code`; the gateway's own refusals have none. */
  readonly code: string | undefined;

  constructor(failure: Failure & { problem: Problem }) {
    const { status, code } = failure.problem;
    super(describeProblem(failure.problem), failure);
    this.status = status;
    this.code = code;
  }
}

/** The call got no final answer within its deadline, or was aborted. `outcome` says what that means. */
export class NoAnswerError extends ShopError {
  override readonly name = 'NoAnswerError';
  /** The order as it was last seen, when the outcome is `pending`. */
  readonly order: Order | undefined;

  constructor(reason: string, failure: Failure) {
    const { outcome, attempts, problem, cause } = failure;
    const last = problem ? describeProblem(problem) : (cause as { message?: string } | undefined)?.message;
    super(`${reason} (${outcome}, attempts: ${attempts})${last ? `: ${last}` : ''}`, failure);
    this.order = failure.order;
  }
}

/** A problem in a line: its status, its code if it has one, and what it says. */
export function describeProblem({ status, code, title, detail }: Problem): string {
  return `${status}${code ? ` ${code}` : ''}: ${detail ?? title}`;
}

/** Whether this error is the refusal with this code; then `error.problem` has the members of that problem. */
export function isRefusal<Code extends ProblemCode>(
  error: unknown,
  code: Code,
): error is RefusedError & { readonly problem: ProblemOf<Code> } {
  return error instanceof RefusedError && error.code === code;
}
