/** A dependency that is away is usually back within seconds; a client that asks more often only adds to the load. */
export const RETRY_AFTER_SECONDS = 1;

/** A refusal as the domain knows it: a stable code, words for a person, and members that a program can read. */
export interface Refusal<Code extends string = string> {
  code: Code;
  detail: string;
  members?: Record<string, unknown>;
}

/**
 * A refusal that must undo its transaction (a business refusal that is stored is a return value instead). Where the table of
 * codes is known, `refused` of contract/problems.ts makes one whose code is in it.
 */
export class RefusedError extends Error {
  readonly refusal: Refusal;
  /** When a repeat may succeed. */
  readonly retryAfterSeconds: number | undefined;

  constructor(refusal: Refusal, retryAfterSeconds?: number) {
    super(`${refusal.code}: ${refusal.detail}`);
    this.refusal = refusal;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** An answer as text, ready to be stored, sent and sent again. */
export interface Reply {
  /** As HTTP counts them: the one part of HTTP that is stored. */
  status: number;
  /** JSON. */
  body: string;
  location?: string;
  retryAfterSeconds?: number;
}

/** The refusal of what would have to wait for too long. Nothing was done; only give it where that is true. */
export function overloaded(): RefusedError {
  return new RefusedError({ code: 'overloaded', detail: 'Nothing was done. Retry later.' }, RETRY_AFTER_SECONDS);
}

/** The refusal for a database that cannot do its work: whatever was done, it is safe to repeat. */
export function unavailable(): RefusedError {
  return new RefusedError(
    { code: 'unavailable', detail: 'The outcome is unknown. Retry with the same Idempotency-Key.' },
    RETRY_AFTER_SECONDS,
  );
}
