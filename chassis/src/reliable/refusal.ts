/** An unavailable dependency is usually back within seconds; retrying more often only adds load. */
export const RETRY_AFTER_SECONDS = 1;

/** A refusal in the domain: a stable code, a text for people, and members for programs. */
export interface Refusal<Code extends string = string> {
  code: Code;
  detail: string;
  members?: Record<string, unknown>;
}

/**
 * A refusal that rolls back its transaction (a business refusal that is stored is a return value instead). Code outside
 * `reliable/` creates it with `refused` of contract/problems.ts, which checks the code.
 */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  /** When a retry may succeed. */
  readonly retryAfterSeconds: number | undefined;

  constructor(refusal: Refusal, retryAfterSeconds?: number) {
    super(`${refusal.code}: ${refusal.detail}`);
    this.refusal = refusal;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A response that can be stored, sent and replayed. */
export interface Reply {
  /** HTTP status code. */
  status: number;
  /** JSON. */
  body: string;
  location?: string;
  retryAfterSeconds?: number;
}

/** An answer whose body is serialized as JSON. */
export function toReply(status: number, body: unknown, location?: string): Reply {
  return { status, body: JSON.stringify(body), location };
}

/** For a request that would wait too long. It states that nothing was done, so throw it only where that is true. */
export function overloaded(): RefusedError {
  return new RefusedError({ code: 'overloaded', detail: 'Nothing was done. Retry later.' }, RETRY_AFTER_SECONDS);
}

/** For a database that is unreachable or unable to work. The outcome is unknown, and a retry is safe. */
export function unavailable(): RefusedError {
  return new RefusedError(
    { code: 'unavailable', detail: 'The outcome is unknown. Retry with the same Idempotency-Key.' },
    RETRY_AFTER_SECONDS,
  );
}
