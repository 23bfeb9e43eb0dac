import { isUnavailable } from '../postgres/faults.ts';
import { isolatingFailures } from './batcher.ts';

/**
 * Run a statement for all members, isolating faulty ones. If the connection was lost, the statement runs once more: the
 * response to COMMIT may have been lost after a successful commit, and then the second run finds the rows of the first.
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
