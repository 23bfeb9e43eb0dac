import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { applyPatch, copyTree } from './tree.ts';
import { type Run, readVariants, runOfAll } from './variants.ts';

// Without the variable, only the variants that no faster test finds.
const variants = readVariants().filter(({ test }) => test === undefined || process.env.BROKEN_VARIANTS === 'all');
const runLimitMs = 200_000;

interface Report {
  verdict: string;
  counts: { orders: number };
  checks: { rule: string; violations: { subject: string; expected: string; found: string }[] }[];
}

interface Outcome {
  code: unknown;
  report: Report;
  seconds: number;
}

describeNeeding('git', spawnSync('git', ['--version']).status === 0, 'the checker of npm run chaos', () => {
  // Four at a time (jest's maxConcurrency): most of a run is waiting.
  it.concurrent.each(variants)(
    'finds $name: $wrong',
    async ({ name, patch, rules, run }) => {
      let outcome = await runChaosOnCopy(run, patch);
      printOutcome(name, outcome);
      // What the faults interrupt depends on timing; on a busy machine they may interrupt nothing.
      if (!rules.every((rule) => violatedRules(outcome.report).includes(rule))) {
        outcome = await runChaosOnCopy(run, patch);
        printOutcome(`${name}, second run`, outcome);
      }
      expect(violatedRules(outcome.report)).toEqual(expect.arrayContaining(rules));
      expect(outcome.code).toBe(1);
    },
    2 * runLimitMs + 20_000,
  );

  it(
    'finds nothing in the unpatched tree',
    async () => {
      const outcome = await runChaosOnCopy(runOfAll(readVariants()));
      printOutcome('the unpatched tree', outcome);
      const { code, report } = outcome;
      expect(report.checks.filter(({ violations }) => violations.length > 0)).toEqual([]);
      expect(code).not.toBe(1);
      expect(report.counts.orders).toBeGreaterThan(100);
    },
    runLimitMs + 20_000,
  );
});

/** Runs `npm run chaos` in a copy of this tree, with or without a patch. */
async function runChaosOnCopy({ seconds, recoverWithin, faults }: Run, patch?: string): Promise<Outcome> {
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'shop-variant-'));
  try {
    copyTree(folder);
    if (patch) applyPatch(folder, patch);
    const schedule = join(folder, 'schedule.json');
    writeFileSync(schedule, JSON.stringify(faults));
    const options = { seconds, 'recover-within': recoverWithin, schedule, seed: 1 };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const { code, stdout, stderr } = await runNode(folder, ['commands/cli.ts', 'chaos', '--json', ...args]);
    if (!stdout.startsWith('{')) throw new Error(`npm run chaos ended with code ${code}:\n${stdout}${stderr}`);
    const report = JSON.parse(stdout) as Report;
    return { code, report, seconds: Math.round((Date.now() - began) / 1_000) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runNode(cwd: string, args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { LOCAL_DIR: _, ...env } = process.env;
  // On SIGTERM the run stops its system.
  const options = { cwd, env, timeout: runLimitMs, maxBuffer: 200_000_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    );
  });
}

function violatedRules({ checks }: Report): string[] {
  return checks.filter(({ violations }) => violations.length > 0).map(({ rule }) => rule);
}

function printOutcome(name: string, { report, seconds }: Outcome): void {
  const found = report.checks.filter(({ violations }) => violations.length > 0);
  const words = found.map(({ rule, violations }) => `${rule} (${violations.length})`).join('; ') || 'no rule';
  process.stderr.write(
    `  ${name}: ${report.verdict} after ${seconds} s, ${report.counts.orders} orders; by ${words}\n`,
  );
}
