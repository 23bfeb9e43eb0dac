import { RETRY_AFTER_SECONDS, RefusedError } from '../refusal.ts';
import type { Metrics } from '../telemetry.ts';
import type { KeyName } from './keyed-request.ts';
import type { ReplayCounter } from './replay-counter.ts';

/** The result of a keyed request. `in_progress`: a retry of a request that was accepted and is not decided yet. */
export type KeyResult = 'executed' | 'in_progress' | 'replayed' | 'taken_over';

export interface KeyCounters {
  metrics: Pick<Metrics, 'idempotencyRequests'>;
  replays: Pick<ReplayCounter, 'count'>;
}

/** Count the results of keyed requests in the metrics, and replays in the key's row. */
export async function countingResult<Answer>(
  { metrics, replays }: KeyCounters,
  name: KeyName,
  work: () => Promise<Answer>,
  resultOf: (answer: Answer) => KeyResult,
): Promise<Answer> {
  try {
    const answer = await work();
    const result = resultOf(answer);
    metrics.idempotencyRequests.of(result).inc();
    if (result === 'replayed') replays.count(name);
    return answer;
  } catch (error) {
    const code = error instanceof RefusedError ? error.refusal.code : undefined;
    if (code === 'request-in-progress') metrics.idempotencyRequests.of('in_progress').inc();
    if (code === 'idempotency-key-reused') metrics.idempotencyRequests.of('reused').inc();
    throw error;
  }
}

/** 409: the first request with this key has not been answered. */
export function requestInProgress(): RefusedError {
  return new RefusedError(
    {
      code: 'request-in-progress',
      detail: 'The first request with this Idempotency-Key has not been answered yet.',
    },
    RETRY_AFTER_SECONDS,
  );
}

/** 422: nothing of the first request is disclosed, because the sender may have guessed the key. */
export function keyReused(): RefusedError {
  return new RefusedError({
    code: 'idempotency-key-reused',
    detail: 'Use a new Idempotency-Key for a new request.',
  });
}
