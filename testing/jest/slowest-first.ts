import { statSync } from 'node:fs';

/** Files that are slow for their size, slowest first. Started last, one of them would use a single CPU at the end. */
const slow = [
  'e2e/failures.e2e.test.ts',
  'e2e/one-process.e2e.test.ts',
  'e2e/reconciliation.e2e.test.ts',
  'e2e/a-third-service/a-third-service.e2e.test.ts',
  'e2e/readme-tour.e2e.test.ts',
  'e2e/plans/killed-migrations.int.test.ts',
  'e2e/model.int.test.ts',
  'e2e/plans/plans.int.test.ts',
  'chassis/src/service/database-faults.int.test.ts',
  'chassis/src/reliable/messaging/crashes.int.test.ts',
  'testing/run-tests.int.test.ts',
  'operator/src/replay/place-sales.int.test.ts',
];

/** The order in which jest starts the files, independent of earlier runs: the slow ones, then the others by size. */
export default class SlowestFirst {
  sort<Test extends { path: string }>(tests: Test[]): Test[] {
    const weight = new Map(tests.map(({ path }) => [path, weightOf(path)]));
    return [...tests].sort((a, b) => (weight.get(b.path) ?? 0) - (weight.get(a.path) ?? 0));
  }

  /** jest passes the duration of each file here; the order does not depend on it. */
  cacheResults(): void {}
}

function weightOf(path: string): number {
  const place = slow.findIndex((end) => path.endsWith(end));
  return place === -1 ? statSync(path).size : Number.MAX_SAFE_INTEGER - place;
}
