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
 * What mostly waits runs lane beside lane, so that one uses the processors while another waits: whole systems, for outages
 * to be noticed and to be over; a deploy to a host, for connections to drain and processes to be ready, and beside it the
 * slow proofs that measure neither time nor memory. All others of those have the machine for themselves.
 */
const lanesOf: Partial<Record<Tier, { lanes: string[]; rest: 'beside' | 'alone' }>> = {
  e2e: { lanes: ['e2e/(failures|place-order|readme-tour)[.]'], rest: 'beside' },
  system: {
    lanes: ['deploy/ec2/', '(deploy/backup|spec|monitoring|[.]github)/|e2e/(fuzz|hostile-clients)[.]'],
    rest: 'alone',
  },
};

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
  if (jestArgs.length === 0 && lanesOf[tier] && availableParallelism() > 1) return runInLanes(tier, lanesOf[tier]);
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

/** The tests of each lane, lane beside lane; with them or after them those of none. */
async function runInLanes(tier: Tier, { lanes, rest }: { lanes: string[]; rest: 'beside' | 'alone' }): Promise<Tally> {
  const ignored = ['/node_modules/', ...lanes.map((lane) => `<rootDir>/(${lane})`)];
  const ofRest = ignored.map((pattern) => `--testPathIgnorePatterns=${pattern}`);
  const runLane = (jestArgs: string[]) => runJest(tier, jestArgs, {}, 'pipe');
  const together = lanes.map((lane) => runLane([`--testPathPatterns=./(${lane})`]));
  if (rest === 'beside') together.push(runLane(ofRest));
  const tallies = await Promise.all(together);
  if (rest === 'alone') tallies.push(await runJest(tier, ofRest));
  return addTallies(tallies);
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
  // More whole systems side by side would compete for two cores and fail on time; jest by itself leaves one core free for
  // the others, which mostly wait.
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
