/** How many tests passed, failed and were skipped. */
export type Tally = { passed: number; failed: number; skipped: number };

/** The parts of jest's JSON report that count. */
export type JestReport = {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  numTotalTests: number;
  success: boolean;
  testResults?: { assertionResults: { status: string; fullName: string }[] }[];
};

/** In the name of a skipped test: what the machine lacks; see chassis/src/testing/needing.ts. */
const skippedForReason = /\[needs [^\]]+\]/;

export function addTallies(tallies: Tally[]): Tally {
  const sum = (pick: (tally: Tally) => number) => tallies.reduce((total, tally) => total + pick(tally), 0);
  return { passed: sum((one) => one.passed), failed: sum((one) => one.failed), skipped: sum((one) => one.skipped) };
}

/** One check that is not a test counts as one. */
export function tallyOfCheck(passed: boolean): Tally {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/**
 * A tier's tests. A run without a report, without any test, or that failed without a failed test has failed once. A
 * skipped test has failed too, unless its title says what a probe did not find.
 */
export function tallyOfTier(report: JestReport | undefined, exitCode: number): Tally {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const left = report.numPendingTests + report.numTodoTests;
  const withoutReason = skipsWithoutReason(report).length;
  // A file that does not load has tests that nobody could count: it is one failure.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + withoutReason;
  const failedOtherwise = failed === 0 && (exitCode !== 0 || !report.success || report.numTotalTests === 0);
  return { passed: report.numPassedTests, failed: failedOtherwise ? 1 : failed, skipped: left - withoutReason };
}

/** Names of the tests that were left out although nothing was missing. */
function skipsWithoutReason({ testResults = [] }: JestReport): string[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(
      ({ status, fullName }) => ['pending', 'todo', 'skipped'].includes(status) && !skippedForReason.test(fullName),
    )
    .map(({ fullName }) => fullName);
}

/** The line that ends a test run. */
export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
