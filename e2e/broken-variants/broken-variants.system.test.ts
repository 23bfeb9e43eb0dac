import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { applyPatch, copyTree } from './tree.ts';
import { type Run, readVariants, runOfAll } from './variants.ts';

const runLimitMs = 200_000;
type Report = {
  verdict: string;
  counts: { orders: number };
  checks: { rule: string; violations: { subject: string; expected: string; found: string }[] }[];
};

describeNeeding('git', spawnSync('git', ['--version']).status === 0, 'the checker of npm run chaos', () => {
  it.each(readVariants())(
    'finds $name: $wrong',
    async ({ name, patch, rules, run }) => {
      const { code, report, seconds } = await runChaosOnCopy(run, patch);
      const foundBy = violatedRules(report);
      say(
        `${name}: ${report.verdict} after ${seconds} s, by ${foundBy.map(withCount(report)).join('; ') || 'no rule'}`,
      );
      expect(foundBy).toEqual(expect.arrayContaining(rules));
      expect(code).toBe(1);
    },
    runLimitMs + 20_000,
  );

  it(
    'finds nothing in the tree as it is',
    async () => {
      const { code, report, seconds } = await runChaosOnCopy(runOfAll(readVariants()));
      say(`the tree as it is: ${report.verdict} after ${seconds} s, ${report.counts.orders} orders`);
      expect(report.checks.filter(({ violations }) => violations.length > 0)).toEqual([]);
      expect(code).not.toBe(1);
      expect(report.counts.orders).toBeGreaterThan(100);
    },
    runLimitMs + 20_000,
  );
});

/** Runs `npm run chaos` of a copy of this tree, patched or as it is. */
async function runChaosOnCopy({ seconds, settle, faults }: Run, patch?: string) {
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'shop-variant-'));
  try {
    copyTree(folder);
    if (patch) applyPatch(folder, patch);
    const schedule = join(folder, 'schedule.json');
    writeFileSync(schedule, JSON.stringify(faults));
    const options = { seconds, settle, schedule, seed: 1 };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const { code, stdout, stderr } = await runNode(folder, ['local/src/cli.ts', 'chaos', '--json', ...args]);
    if (!stdout.startsWith('{')) throw new Error(`npm run chaos ended with code ${code}:\n${stdout}${stderr}`);
    const report = JSON.parse(stdout) as Report;
    return { code, report, seconds: Math.round((Date.now() - began) / 1_000) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runNode(cwd: string, args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { LOCAL_DIR: _, ...env } = process.env;
  // At SIGTERM the run ends its system.
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

function withCount({ checks }: Report) {
  return (rule: string) => `${rule} (${checks.find((one) => one.rule === rule)?.violations.length})`;
}

function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
