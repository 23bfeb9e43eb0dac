import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { Straggler } from './left-running.ts';
import type { Tier } from './tiers.ts';

/** The result of a run: the number of passed tests, and the others. */
export interface Tally {
  passed: number;
  failed: Failure[];
  skipped: Skip[];
}

/** A failure, and the command to repeat it. */
export interface Failure {
  what: string;
  repeat: string;
}

export interface Skip {
  what: string;
  reason: string;
}

/** The parts of jest's JSON report in use. */
export interface JestReport {
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[];
}

export interface TierRun {
  tier: Tier;
  report: JestReport | undefined;
  exitCode: number;
  jestArgs: string[];
}

export const noTests: Tally = { passed: 0, failed: [], skipped: [] };

export function addTallies(tallies: Tally[]): Tally {
  return {
    passed: tallies.reduce((total, { passed }) => total + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
  };
}

export function hasTests({ passed, failed, skipped }: Tally): boolean {
  return passed + failed.length + skipped.length > 0;
}

/** A step other than a test counts as one test. */
export function tallyOfStep(step: Failure, passed: boolean): Tally {
  return passed ? { ...noTests, passed: 1 } : { ...noTests, failed: [step] };
}

/** A process left running fails the test file that started it, if that is known. */
export function tallyOfStraggler(tier: Tier, { pid, commandLine, file }: Straggler): Tally {
  const path = file && relative(repositoryRoot(), file);
  const what = `${path ?? tier}: left running: ${commandLine.slice(0, 200)} (process ${pid}, ended now)`;
  return tallyOfStep({ what, repeat: commandFor(tier, path ? [path] : []) }, false);
}

/**
 * The result of a tier. A file that does not load, or that fails without a failed test, counts as one failure, and so does a
 * run that fails for another reason, or that has no tests without a filter. A skipped test counts as failed, unless its title
 * has the missing requirement; tests excluded by `-t` do not count.
 */
export function tallyOfTier({ tier, report, exitCode, jestArgs }: TierRun): Tally {
  const isSelected = selectionOf(jestArgs);
  const tally = addTallies((report?.testResults ?? []).map((file) => tallyOfFile(tier, file, isSelected)));
  const failedOtherwise = (what: string): Tally => {
    const failure = { what: `${tier}: ${what}`, repeat: commandFor(tier, jestArgs) };
    return { ...tally, failed: [...tally.failed, failure] };
  };
  if (report === undefined) return failedOtherwise(`jest wrote no report (exit code ${exitCode})`);
  if (exitCode !== 0 && tally.failed.length === 0) return failedOtherwise(`jest ended with exit code ${exitCode}`);
  if (jestArgs.length === 0 && !hasTests(tally)) return failedOtherwise('no tests were found');
  return tally;
}

function tallyOfFile(
  tier: Tier,
  { name, status, assertionResults }: JestReport['testResults'][number],
  isSelected: (fullName: string) => boolean,
): Tally {
  const path = relative(repositoryRoot(), name);
  const tally: Tally = { passed: 0, failed: [], skipped: [] };
  for (const { status, fullName } of assertionResults) {
    const what = `${path}: ${fullName}`;
    const repeat = commandFor(tier, [path, '-t', patternFor(fullName)]);
    if (status === 'passed') tally.passed += 1;
    else if (status === 'failed') tally.failed.push({ what, repeat });
    else if (isSelected(fullName)) {
      const reason = reasonToSkip(fullName);
      if (reason) tally.skipped.push({ what, reason });
      else tally.failed.push({ what: `${what} (skipped without a reason)`, repeat });
    }
  }
  if (status === 'failed' && tally.failed.length === 0)
    tally.failed.push({ what: path, repeat: commandFor(tier, [path]) });
  return tally;
}

/** The missing requirement in the title of a skipped test; see chassis/src/testing/needing.ts. */
function reasonToSkip(fullName: string): string | undefined {
  return /\[(needs [^\]]+)\]/.exec(fullName)?.[1];
}

/** Whether jest runs a test, according to `-t`. */
function selectionOf(jestArgs: string[]): (fullName: string) => boolean {
  const options = { testNamePattern: { type: 'string', short: 't' } } as const;
  const pattern = parseArgs({ args: jestArgs, options, strict: false }).values.testNamePattern;
  if (typeof pattern !== 'string') return () => true;
  const expression = new RegExp(pattern.replace(/^=/, ''), 'i');
  return (fullName) => expression.test(fullName);
}

/** A pattern that matches only this name, and that needs no escaping between single quotes in a shell. */
function patternFor(fullName: string): string {
  const literal = fullName.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&').replace(/[^ -&(-~]/g, '.');
  return `^${literal}$`;
}

function commandFor(tier: Tier, jestArgs: string[]): string {
  const quoted = jestArgs.map((arg) => (/^[\w./=@-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`));
  return ['npm', 'test', '--', tier, ...quoted].join(' ');
}

/** The summary of a run: the tests that did not pass, and the line with the counts. */
export function tallyLines(tally: Tally): string[] {
  const lines: string[] = [];
  if (tally.skipped.length > 0)
    lines.push('Skipped:', ...tally.skipped.map(({ what, reason }) => `  ${what}: ${reason}`));
  if (tally.failed.length > 0) {
    lines.push('Failed, each with the command that repeats it:');
    lines.push(...tally.failed.flatMap(({ what, repeat }) => [`  ${what}`, `    ${repeat}`]));
  }
  return [...lines, tallyLine(tally)];
}

export function tallyLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
}
