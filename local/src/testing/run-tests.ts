import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Fault } from '@shop/operator/faults.ts';
import type { Tier } from '../arguments.ts';
import { repositoryRoot } from '../folders.ts';
import { readJson } from '../json-file.ts';
import { installSystemTools } from './system-tools.ts';
import type { JestReport, Tally } from './tally.ts';
import { addTallies, tallyLine, tallyOfCheck, tallyOfTier } from './tally.ts';
import type { TestServers } from './test-servers.ts';
import { startTestServers } from './test-servers.ts';

const checks = [
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'dead code', command: ['knip'] },
];
/** Those of `npm test`; `system`, the slow proofs, runs when it is named. */
const everydayTiers: Tier[] = ['unit', 'int', 'e2e'];

/**
 * A deploy to a host takes long and mostly waits: for connections to drain, for processes to be ready. Beside it run the
 * slow proofs that measure neither time nor memory; all others have the machine for themselves.
 */
const systemLanes = ['deploy/ec2/', '(deploy/backup|spec|monitoring|[.]github)/|e2e/(fuzz|hostile-clients)[.]'];

/** `npm test`: the checks and the everyday tiers, or the tiers that are named; the last line counts. */
export async function runTests(tiers: Tier[], jestArgs: string[]): Promise<number> {
  const began = Date.now();
  const interrupted = new AbortController();
  // jest gets the terminal's Ctrl-C itself; here it ends the waiting, so that the servers are stopped.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  const tallies: Tally[] = [];
  if (tiers.length === 0) {
    for (const { name, command } of checks) {
      tallies.push(await step(name, interrupted.signal, async () => tallyOfCheck((await run(command)) === 0)));
    }
  }
  for (const tier of tiers.length === 0 ? everydayTiers : tiers) {
    tallies.push(await step(tier, interrupted.signal, () => runTier(tier, jestArgs, interrupted.signal)));
  }
  const tally = addTallies(tallies);
  console.log(`\nDone in ${elapsed(began)}.`);
  console.log(tallyLine(tally));
  if (interrupted.signal.aborted) return 130;
  return tally.failed === 0 ? 0 : 1;
}

async function runTier(tier: Tier, jestArgs: string[], interrupted: AbortSignal): Promise<Tally> {
  if (tier === 'system') await installSystemTools(join(tmpdir(), 'shop-system-tools.log'), (text) => console.log(text));
  if (tier === 'system' && jestArgs.length === 0) return runInLanes(tier, systemLanes);
  // The whole-system tests start their own servers.
  if (tier !== 'int') return runJest(tier, jestArgs);
  let servers: TestServers | undefined;
  try {
    servers = await startTestServers((text) => console.log(text), interrupted);
    console.log(
      `  PostgreSQL ${hostOf(servers.urls.TEST_POSTGRES_URL)}, RabbitMQ ${hostOf(servers.urls.TEST_RABBITMQ_URL)}`,
    );
    return await runJest(tier, jestArgs, servers.urls);
  } finally {
    await servers?.stop();
  }
}

/** The tests of each lane, lane beside lane; then the tests of none, one after the other. */
async function runInLanes(tier: Tier, lanes: string[]): Promise<Tally> {
  const together = await Promise.all(
    lanes.map((lane) => runJest(tier, [`--testPathPatterns=./(${lane})`], {}, 'pipe')),
  );
  const ignored = ['/node_modules/', ...lanes.map((lane) => `<rootDir>/(${lane})`)];
  const alone = await runJest(
    tier,
    ignored.map((pattern) => `--testPathIgnorePatterns=${pattern}`),
  );
  return addTallies([...together, alone]);
}

async function runJest(
  tier: Tier,
  jestArgs: string[],
  environment: Record<string, string> = {},
  stderr: 'inherit' | 'pipe' = 'inherit',
): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-jest-'));
  const report = join(folder, 'report.json');
  const command = ['jest', `--testMatch=**/*.${tier}.test.ts`, '--json', `--outputFile=${report}`, ...jestArgs];
  // Whole systems side by side would compete for two cores and fail on time; jest by itself leaves one core free, and
  // these tests mostly wait.
  if (tier === 'e2e' || tier === 'system') command.push('--runInBand', '--maxConcurrency=4');
  else command.push(`--maxWorkers=${availableParallelism()}`);
  try {
    // With --json, jest writes the report to standard output as well; what people read goes to standard error.
    const code = await run(command, environment, ['ignore', stderr]);
    return tallyOfTier(readJson<JestReport>(report), code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function step(name: string, interrupted: AbortSignal, work: () => Promise<Tally>): Promise<Tally> {
  if (interrupted.aborted) return tallyOfCheck(false);
  const began = Date.now();
  console.log(styleText('bold', `\n== ${name}`));
  const tally = await work().catch((error: unknown) => {
    if (interrupted.aborted) console.error('interrupted');
    else console.error(error instanceof Fault ? error.message : error);
    return tallyOfCheck(false);
  });
  const colour = tally.failed > 0 ? 'red' : 'green';
  console.log(styleText(colour, `== ${name}: ${tallyLine(tally)} (${elapsed(began)})`));
  return tally;
}

async function run(
  [command = '', ...args]: string[],
  environment: Record<string, string> = {},
  [stdout, stderr]: ['inherit' | 'ignore', 'inherit' | 'pipe'] = ['inherit', 'inherit'],
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: repositoryRoot(),
      env: { ...process.env, ...environment },
      stdio: ['ignore', stdout, stderr],
    });
    // Through a pipe, jest draws no status line: two of them would draw over each other.
    child.stderr?.pipe(process.stderr, { end: false });
    const end = () => child.kill('SIGTERM');
    process.on('SIGTERM', end).on('SIGHUP', end);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGTERM', end).off('SIGHUP', end);
      resolve(code ?? 1);
    });
  });
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function elapsed(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}
