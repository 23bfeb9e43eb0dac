import { isUnavailable } from '../postgres/faults.ts';
import { isolatingFailures } from './batcher.ts';

/**
 * Run a statement for all members, isolating a bad one. For those whose connection was lost it runs once more: the answer
 * to COMMIT may be lost although the commit was not, and the second run shows it, because it finds its own rows then.
 */
export async function retryingLostConnection<T, R>(
  members: readonly T[],
  statement: (members: readonly T[], isSecondRun: boolean) => Promise<R[]>,
): Promise<PromiseSettledResult<R>[]> {
  const results = await isolatingFailures(members, (some) => statement(some, false), isUnavailable);
  const isLost = (result: PromiseSettledResult<R> | undefined) =>
    result?.status === 'rejected' && isUnavailable(result.reason);
  const lost = members.filter((_, index) => isLost(results[index]));
  if (lost.length === 0) return results;
  const again = await isolatingFailures(lost, (some) => statement(some, true), isUnavailable);
  return results.map((result) => (isLost(result) ? (again.shift() ?? result) : result));
}
