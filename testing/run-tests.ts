import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Fault } from '@shop/chassis/base/fault.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { readJson } from '@shop/local/json-file.ts';
import { type Straggler, watchRun } from './left-running.ts';
import { installSystemTools } from './system-tools.ts';
import type { Failure, JestReport, Tally } from './tally.ts';
import { addTallies, hasTests, tallyLine, tallyLines, tallyOfStep, tallyOfStraggler, tallyOfTier } from './tally.ts';
import type { TestServers } from './test-servers.ts';
import { startTestServers } from './test-servers.ts';
import { filesOf, help, isSlowProof, parseArguments, type SlowProof, type TestArguments, type Tier } from './tiers.ts';

const checks = [
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'], repeat: 'npm run lint' },
  { name: 'types', command: ['tsc', '--noEmit'], repeat: 'npm run types' },
  { name: 'dead code', command: ['knip'], repeat: 'npm run dead-code' },
];
/** Those of `npm test`; `system`, the slow proofs, runs when it or one of them is named. */
const everydayTiers: Tier[] = ['unit', 'int', 'e2e'];

/**
 * What mostly waits runs lane beside lane, so that one uses the processors while another waits: whole systems, for outages
 * to be noticed and to be over; a deploy to a host, for connections to drain and processes to be ready, and beside it the
 * slow proofs that measure neither time nor memory. All others of those have the machine for themselves.
 */
const lanesOf: Partial<Record<Tier, { lanes: string[]; rest: 'beside' | 'alone' }>> = {
  e2e: {
    lanes: ['e2e/(failures|readme-tour)[.]', 'e2e/(one-process|place-order|tracing)[.]'],
    rest: 'beside',
  },
  system: {
    lanes: ['deploy/ec2/', '(deploy/backup|spec|monitoring|[.]github)/|e2e/(fuzz|hostile-clients)[.]'],
    rest: 'alone',
  },
};

/** `npm test`. */
export async function testCommand(args: string[]): Promise<number> {
  const parsed = parseArguments(args);
  if (parsed !== 'help') return runTests(parsed);
  console.log(help);
  return 0;
}

/**
 * The checks and the everyday tiers, or the tiers and slow proofs that are named. It ends with the tests that did not pass;
 * the last line counts.
 */
async function runTests({ selected, jestArgs }: TestArguments): Promise<number> {
  const began = performance.now();
  const interrupted = new AbortController();
  // It ends what runs and the waiting, so that the servers are stopped.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  const tallies: Tally[] = [];
  if (selected.length === 0) {
    for (const { name, command, repeat } of checks) {
      const check = { what: name, repeat };
      tallies.push(
        await step(check, interrupted.signal, async () => {
          const { exitCode } = await run(command, interrupted.signal);
          return tallyOfStep(check, exitCode === 0);
        }),
      );
    }
  }
  for (const name of selected.length === 0 ? everydayTiers : selected) {
    const named = { what: name, repeat: `npm test -- ${name}` };
    tallies.push(await step(named, interrupted.signal, () => runNamed(name, jestArgs, interrupted.signal)));
  }
  const tally = addTallies(tallies);
  // Of several tiers, a path or a name need not occur in each; a typing error occurs in none.
  if (!hasTests(tally)) tally.failed.push({ what: 'no test has that path or name', repeat: 'npm test -- --help' });
  const [last = '', ...others] = tallyLines(tally).reverse();
  console.log(`\n${[...others.reverse(), `Done in ${elapsed(began)}.`, last].join('\n')}`);
  if (interrupted.signal.aborted) return 130;
  return tally.failed.length === 0 ? 0 : 1;
}

async function runNamed(name: Tier | SlowProof, jestArgs: string[], interrupted: AbortSignal): Promise<Tally> {
  if (isSlowProof(name) || name === 'system') {
    await installSystemTools(join(tmpdir(), 'shop-system-tools.log'), (text) => console.log(text));
  }
  if (!isSlowProof(name)) return runTier(name, jestArgs, interrupted);
  return runJest('system', jestArgs, interrupted, { files: { match: filesOf(name) } });
}

async function runTier(tier: Tier, jestArgs: string[], interrupted: AbortSignal): Promise<Tally> {
  if (jestArgs.length === 0 && lanesOf[tier] && availableParallelism() > 1)
    return runInLanes(tier, lanesOf[tier], interrupted);
  // The whole-system tests start their own servers.
  if (tier !== 'int') return runFiles(tier, jestArgs, interrupted);
  let servers: TestServers | undefined;
  try {
    servers = await startTestServers((text) => console.log(text), interrupted);
    console.log(
      `  PostgreSQL ${hostOf(servers.urls.TEST_POSTGRES_URL)}, RabbitMQ ${hostOf(servers.urls.TEST_RABBITMQ_URL)}`,
    );
    return await runFiles(tier, jestArgs, interrupted, servers.urls);
  } finally {
    await servers?.stop();
  }
}

/** The tests of each lane, lane beside lane; with them or after them those of none. */
async function runInLanes(
  tier: Tier,
  { lanes, rest }: { lanes: string[]; rest: 'beside' | 'alone' },
  interrupted: AbortSignal,
): Promise<Tally> {
  const ofRest = { ignored: lanes.map((lane) => `<rootDir>/(${lane})`) };
  const runLane = (files: Files) => runJest(tier, [], interrupted, { files, stderr: 'pipe' });
  const together = lanes.map((lane) => runLane({ paths: `./(${lane})` }));
  if (rest === 'beside') together.push(runLane(ofRest));
  const tallies = await Promise.all(together);
  interrupted.throwIfAborted();
  if (rest === 'alone') tallies.push(await runJest(tier, [], interrupted, { files: ofRest }));
  return addTallies(tallies);
}

/** A tier's tests; after them, file by file, those that would starve their neighbours: `*.alone.int.test.ts`. */
async function runFiles(
  tier: Tier,
  jestArgs: string[],
  interrupted: AbortSignal,
  environment: Record<string, string> = {},
): Promise<Tally> {
  const match = `**/*.alone.${tier}.test.ts`;
  const [one] = globSync(match, { cwd: repositoryRoot(), exclude: ['**/node_modules', '.local'] });
  if (!one) return runJest(tier, jestArgs, interrupted, { environment });
  const others = await runJest(tier, jestArgs, interrupted, {
    environment,
    files: { ignored: [`[.]alone[.]${tier}[.]test[.]ts$`] },
  });
  interrupted.throwIfAborted();
  return addTallies([
    others,
    await runJest(tier, jestArgs, interrupted, { environment, files: { match }, workers: 1 }),
  ]);
}

/** Which files of a tier: those of a glob, of a path, or all but some. */
interface Files {
  match?: string;
  paths?: string;
  ignored?: string[];
}

interface Run {
  files?: Files;
  workers?: number;
  environment?: Record<string, string>;
  stderr?: 'inherit' | 'pipe';
}

async function runJest(tier: Tier, jestArgs: string[], interrupted: AbortSignal, options: Run = {}): Promise<Tally> {
  const { files = {}, environment = {}, stderr = 'inherit' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'shop-jest-'));
  const report = join(folder, 'report.json');
  // More whole systems side by side would compete for two cores and fail on time. A file of `int` waits for more than half
  // of its time: for its servers, for intervals, for time limits to pass.
  const isSystem = tier === 'e2e' || tier === 'system';
  const { workers = isSystem ? 1 : availableParallelism() + (tier === 'int' ? 2 : 0) } = options;
  const command = ['jest', `--testMatch=${files.match ?? `**/*.${tier}.test.ts`}`];
  if (files.paths) command.push(`--testPathPatterns=${files.paths}`);
  if (files.ignored)
    command.push(...['/node_modules/', ...files.ignored].map((path) => `--testPathIgnorePatterns=${path}`));
  // After options that take a list there must come one that does not: they would take the paths of jestArgs too.
  command.push('--json', `--outputFile=${report}`, '--passWithNoTests', `--maxWorkers=${workers}`);
  if (isSystem) command.push('--maxConcurrency=4');
  // A new process for every file, where tests start things: what a failed one leaves running ends with the process, and
  // starves no other file. (Pure code leaves nothing, and 80 processes cost half a minute.) With any limit, no file runs in
  // jest's own process, which what is left there would keep alive for ever.
  command.push(`--workerIdleMemoryLimit=${tier === 'unit' ? '100%' : 0}`);
  try {
    // With --json, jest writes the report to standard output as well; what people read goes to standard error.
    const { exitCode, stragglers } = await run([...command, ...jestArgs], interrupted, {
      environment,
      stdout: 'ignore',
      stderr,
    });
    const tally = tallyOfTier({ tier, report: readJson<JestReport>(report), exitCode, jestArgs });
    return addTallies([tally, ...stragglers.map((one) => tallyOfStraggler(tier, one))]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function step(named: Failure, interrupted: AbortSignal, work: () => Promise<Tally>): Promise<Tally> {
  const failed = tallyOfStep(named, false);
  if (interrupted.aborted) return failed;
  const began = performance.now();
  console.log(styleText('bold', `\n== ${named.what}`));
  const tally = await work().catch((error: unknown) => {
    if (interrupted.aborted) console.error('interrupted');
    else console.error(error instanceof Fault ? error.message : error);
    return failed;
  });
  const colour = tally.failed.length > 0 ? 'red' : 'green';
  console.log(styleText(colour, `== ${named.what}: ${tallyLine(tally)} (${elapsed(began)})`));
  return tally;
}

interface Surroundings {
  environment?: Record<string, string>;
  stdout?: 'inherit' | 'ignore';
  stderr?: 'inherit' | 'pipe';
}

/** Runs a command to its end or until the interrupt, with all that it starts. */
async function run(
  [command = '', ...args]: string[],
  interrupted: AbortSignal,
  { environment, stdout = 'inherit', stderr = 'inherit' }: Surroundings = {},
): Promise<{ exitCode: number; stragglers: Straggler[] }> {
  const watch = watchRun();
  // A group of its own: an interrupt from the terminal comes here alone, and from here to all of the run.
  const child = spawn(command, args, {
    cwd: repositoryRoot(),
    env: { ...process.env, ...environment, ...watch.environment },
    stdio: ['ignore', stdout, stderr],
    detached: true,
  });
  if (child.pid !== undefined) watch.follow(child.pid);
  // Through a pipe, jest draws no status line: two of them would draw over each other.
  child.stderr?.pipe(process.stderr, { end: false });
  interrupted.addEventListener('abort', watch.end);
  try {
    const [exitCode] = await once(child, 'exit');
    const stragglers = await watch.endStragglers();
    return { exitCode: exitCode ?? 1, stragglers: interrupted.aborted ? [] : stragglers };
  } finally {
    interrupted.removeEventListener('abort', watch.end);
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
