import { join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { JestReport } from './tally.ts';
import { addTallies, hasTests, tallyLine, tallyLines, tallyOfStep, tallyOfTier } from './tally.ts';

type Test = [status: string, fullName: string];

function reportOf(...tests: Test[]): JestReport {
  const assertionResults = tests.map(([status, fullName]) => ({ status, fullName }));
  const status = tests.some(([status]) => status === 'failed') ? 'failed' : 'passed';
  return { testResults: [{ name: join(repositoryRoot(), 'gateway/a.int.test.ts'), status, assertionResults }] };
}

function tallyOf(report: JestReport | undefined, exitCode = 0, jestArgs: string[] = []) {
  return tallyOfTier({ tier: 'int', report, exitCode, jestArgs });
}

const green = reportOf(['passed', 'the gateway answers'], ['passed', 'the gateway refuses']);

describe('tallyOfTier', () => {
  it('counts the tests that passed', () => {
    expect(tallyOf(green)).toEqual({ passed: 2, failed: [], skipped: [] });
  });

  it('has the command to repeat a failed test, with any characters in its name', () => {
    const report = reportOf(['passed', 'one'], ['failed', "the gateway's answer (é) costs $1 [twice]"]);
    expect(tallyOf(report, 1).failed).toEqual([
      {
        what: "gateway/a.int.test.ts: the gateway's answer (é) costs $1 [twice]",
        repeat: "npm test -- int gateway/a.int.test.ts -t '^the gateway.s answer \\(.\\) costs \\$1 \\[twice\\]$'",
      },
    ]);
  });

  it('counts a file that does not load, or that failed after its tests, as one failure', () => {
    const [file] = green.testResults;
    const report = {
      testResults: [
        { ...file, status: 'failed' },
        { ...file, status: 'failed', assertionResults: [] },
      ],
    };
    const failure = { what: 'gateway/a.int.test.ts', repeat: 'npm test -- int gateway/a.int.test.ts' };
    expect(tallyOf(report as JestReport, 1)).toMatchObject({ passed: 2, failed: [failure, failure] });
  });

  it('counts a test skipped without a reason as failed, and reports the reason of another', () => {
    const report = reportOf(
      ['pending', 'the model [needs spin] holds'],
      ['pending', 'the gateway refuses'],
      ['todo', 'later'],
      ['passed', 'the gateway answers'],
    );
    expect(tallyOf(report)).toEqual({
      passed: 1,
      failed: [
        expect.objectContaining({ what: 'gateway/a.int.test.ts: the gateway refuses (skipped without a reason)' }),
        expect.objectContaining({ what: 'gateway/a.int.test.ts: later (skipped without a reason)' }),
      ],
      skipped: [{ what: 'gateway/a.int.test.ts: the model [needs spin] holds', reason: 'needs spin' }],
    });
  });

  it.each([[['-t', 'ANSWERS$']], [['-t=answers']], [['gateway', '--testNamePattern', 'answers']]])(
    'ignores tests that jest was asked to exclude: %j',
    (jestArgs) => {
      const report = reportOf(['passed', 'the gateway answers'], ['pending', 'the gateway refuses']);
      expect(tallyOf(report, 0, jestArgs)).toEqual({ passed: 1, failed: [], skipped: [] });
    },
  );

  it('fails a test that was selected but is skipped in the code', () => {
    expect(tallyOf(reportOf(['pending', 'the gateway refuses']), 0, ['-t', 'refuses']).failed).toHaveLength(1);
  });

  it.each([
    ['wrote no report', undefined, 1],
    ['found no test', reportOf(), 0],
    ['ended with an error though all tests passed', green, 1],
  ])('fails a run that %s', (_, report, exitCode) => {
    expect(tallyOf(report, exitCode).failed).toHaveLength(1);
  });

  it('does not fail a tier in which a path or name matches no test', () => {
    const tally = tallyOf(reportOf(), 0, ['order-service']);
    expect([tally.failed, hasTests(tally)]).toEqual([[], false]);
  });
});

describe('the end of a run', () => {
  const lint = { what: 'lint', repeat: 'npm run lint' };

  it('adds steps and tiers up in its last line', () => {
    const tallies = [tallyOfStep(lint, true), tallyOfStep(lint, false), tallyOf(green)];
    expect(tallyLine(addTallies(tallies))).toBe('3 passed, 1 failed, 0 skipped');
  });

  it('names what was skipped and what failed', () => {
    const skipped = tallyOf(reportOf(['pending', 'the model [needs spin] holds']));
    expect(tallyLines(addTallies([skipped, tallyOfStep(lint, false)]))).toEqual([
      'Skipped:',
      '  gateway/a.int.test.ts: the model [needs spin] holds: needs spin',
      'Failed, each with the command that repeats it:',
      '  lint',
      '    npm run lint',
      '0 passed, 1 failed, 1 skipped',
    ]);
  });
});
