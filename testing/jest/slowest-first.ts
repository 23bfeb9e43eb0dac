import { statSync } from 'node:fs';

/** Files that take long for their size. Begun last, one of them would keep a single processor busy at the end. */
const slow = [
  'e2e/plans/killed-migrations.int.test.ts',
  'e2e/model.int.test.ts',
  'e2e/plans/plans.int.test.ts',
  'chassis/src/service/database-faults.int.test.ts',
  'chassis/src/reliable/messaging/crashes.int.test.ts',
  'testing/run-tests.int.test.ts',
  'operator/src/replay/place-sales.int.test.ts',
];

/** The order in which jest begins the files, on a new clone as on an old one: the slow ones, then the others by size. */
export default class SlowestFirst {
  sort<Test extends { path: string }>(tests: Test[]): Test[] {
    const size = new Map(tests.map(({ path }) => [path, sizeOf(path)]));
    return [...tests].sort((a, b) => (size.get(b.path) ?? 0) - (size.get(a.path) ?? 0));
  }

  /** jest offers it how long each file took; the order above needs no memory. */
  cacheResults(): void {}
}

function sizeOf(path: string): number {
  return slow.some((end) => path.endsWith(end)) ? Number.MAX_SAFE_INTEGER : statSync(path).size;
}
