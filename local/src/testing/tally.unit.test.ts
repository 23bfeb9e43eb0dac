import type { JestReport } from './tally.ts';
import { addTallies, tallyLine, tallyOfCheck, tallyOfTier } from './tally.ts';

const green: JestReport = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 2,
  numRuntimeErrorTestSuites: 0,
  numTotalTests: 8,
  success: true,
};

describe('tallyOfTier', () => {
  it('counts what jest counted', () => {
    expect(tallyOfTier(green, 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
  });

  it('counts a file that does not load as a failure', () => {
    const report = { ...green, numFailedTests: 1, numRuntimeErrorTestSuites: 2, success: false };
    expect(tallyOfTier(report, 1).failed).toBe(3);
  });

  it('takes a test that was left out for no reason for a failure', () => {
    const assertionResults = [
      { status: 'pending', fullName: 'the model [needs spin] holds' },
      { status: 'pending', fullName: 'the gateway refuses' },
      { status: 'todo', fullName: 'later' },
      { status: 'passed', fullName: 'the gateway answers' },
    ];
    expect(tallyOfTier({ ...green, testResults: [{ assertionResults }] }, 0)).toEqual({
      passed: 5,
      failed: 2,
      skipped: 1,
    });
  });

  it.each([
    ['wrote no report', undefined, 1],
    ['found no test', { ...green, numPassedTests: 0, numTotalTests: 0 }, 0],
    ['ended with an error though all tests passed', green, 1],
  ])('fails a run that %s', (_, report, exitCode) => {
    expect(tallyOfTier(report, exitCode).failed).toBe(1);
  });
});

describe('tallyLine', () => {
  it('adds checks and tiers up', () => {
    const tallies = [tallyOfCheck(true), tallyOfCheck(false), tallyOfTier(green, 0)];
    expect(tallyLine(addTallies(tallies))).toBe('6 passed, 1 failed, 3 skipped');
  });
});
