import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Fault } from '@shop/chassis/base/fault.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { readJson } from '@shop/local/json-file.ts';
import { ensureBundle } from '@shop/web/bundle.ts';
import { type Straggler, watchRun } from './left-running.ts';
import { installSystemTools } from './system-tools.ts';
import type { Failure, JestReport, Tally } from './tally.ts';
import { addTallies, hasTests, tallyLine, tallyLines, tallyOfStep, tallyOfStraggler, tallyOfTier } from './tally.ts';
import { startTestServers } from './test-servers.ts';
import { filesOf, help, isSlowProof, parseArguments, type SlowProof, type TestArguments, type Tier } from './tiers.ts';

const checks = [
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'], repeat: 'npm run lint' },
  { name: 'types', command: ['tsc', '--noEmit'], repeat: 'npm run types' },
  { name: 'types of the pages', command: ['tsc', '--noEmit', '--project', 'web'], repeat: 'npm run types' },
  { name: 'dead code', command: ['knip'], repeat: 'npm run dead-code' },
];
/** The tiers of `npm test`; `system` (the slow proofs) runs only by name. */
const everydayTiers: Tier[] = ['unit', 'int', 'e2e'];

/**
 * Slow proofs that run in parallel, in two lanes; all others run alone. A deploy to a host mostly waits: for connections to drain
 * and processes to become ready. Its host must answer in time, so the second lane, which measures neither time nor memory, gets the
 * CPUs that the first leaves.
 */
const systemLanes: { paths: string; yields?: boolean }[] = [
  { paths: 'deploy/ec2/' },
  { paths: '(deploy/backup|spec|monitoring|[.]github|web)/|e2e/(fuzz[.]|faulty-network/)', yields: true },
];

/** `npm test`. */
export async function testCommand(args: string[]): Promise<number> {
  const parsed = parseArguments(args);
  if (parsed !== 'help') return runTests(parsed);
  console.log(help);
  return 0;
}

/**
 * The checks and the everyday tiers, or the named tiers and slow proofs. The output ends with the tests that did not pass and a
 * line with the counts.
 */
async function runTests({ selected, jestArgs }: TestArguments): Promise<number> {
  const began = performance.now();
  const interrupted = new AbortController();
  keepCompiledCode();
  // An interrupt ends running commands and waits, so that the servers are stopped.
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
  tallies.push(...(await runAllNamed(selected.length === 0 ? everydayTiers : selected, jestArgs, interrupted.signal)));
  const tally = addTallies(tallies);
  // With several tiers, a path or name may match in some of them only; a misspelt one matches in none.
  if (!hasTests(tally)) tally.failed.push({ what: 'no test has that path or name', repeat: 'npm test -- --help' });
  const [last = '', ...others] = tallyLines(tally).reverse();
  console.log(`\n${[...others.reverse(), `Done in ${elapsed(began)}.`, last].join('\n')}`);
  if (interrupted.signal.aborted) return 130;
  return tally.failed.length === 0 ? 0 : 1;
}

/**
 * The tests start hundreds of Node processes, which load the same files. With a compile cache, this takes half the time. The
 * cache belongs to the run, so that every run starts without one; a run inside a run shares it.
 */
function keepCompiledCode(): void {
  if (process.env.NODE_COMPILE_CACHE) return;
  const folder = mkdtempSync(join(tmpdir(), 'shop-compiled-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.env.NODE_COMPILE_CACHE = folder;
}

interface Selection {
  jestArgs: string[];
  interrupted: AbortSignal;
  /** Whether no other tier runs at the same time; otherwise the tier gets fewer workers. */
  isAlone: boolean;
}

/**
 * Runs the tiers one after the other, but `int` and `e2e` at the same time: both wait for much of their time, so that one uses
 * the CPUs while the other waits.
 */
async function runAllNamed(
  names: (Tier | SlowProof)[],
  jestArgs: string[],
  interrupted: AbortSignal,
): Promise<Tally[]> {
  const areTogether = names.includes('int') && names.includes('e2e');
  const selection = { jestArgs, interrupted, isAlone: true };
  const tallies: Tally[] = [];
  for (const name of names) {
    if (!areTogether || (name !== 'int' && name !== 'e2e'))
      tallies.push(await stepOf(name, interrupted, () => runNamed(name, selection)));
    else if (name === 'int') tallies.push(...(await runTogether({ ...selection, isAlone: false })));
  }
  return tallies;
}

/** Runs `int` and `e2e`; `e2e` starts after the files of `int` that must run alone. */
async function runTogether(selection: Selection): Promise<Tally[]> {
  const { promise: neighboursMayStart, resolve: letNeighboursStart } = Promise.withResolvers<void>();
  const int = stepOf('int', selection.interrupted, () => runInt(selection, letNeighboursStart));
  const e2e = Promise.race([neighboursMayStart, int]).then(() =>
    stepOf('e2e', selection.interrupted, () => runNamed('e2e', selection)),
  );
  return Promise.all([int, e2e]);
}

async function runNamed(name: Tier | SlowProof, selection: Selection): Promise<Tally> {
  if (isSlowProof(name) || name === 'system') {
    await installSystemTools(join(tmpdir(), 'shop-system-tools.log'), (text) => console.log(text));
  }
  // Once, and not by each of the systems that start at the same time.
  if (name === 'e2e' || name === 'system' || isSlowProof(name)) await ensureBundle();
  if (isSlowProof(name)) return runJest('system', selection, { files: { match: filesOf(name) } });
  if (name === 'system' && selection.jestArgs.length === 0 && availableParallelism() > 1) return runLanes(selection);
  // `e2e` and `system` start their own servers.
  return name === 'int' ? runInt(selection) : runJest(name, selection);
}

/** Runs the lanes of slow proofs in parallel, and then the slow proofs without a lane. */
async function runLanes(selection: Selection): Promise<Tally> {
  const beside = { ...selection, isAlone: false };
  const tallies = await Promise.all(
    systemLanes.map(({ paths, yields }) => runJest('system', beside, { files: { paths: `./(${paths})` }, yields })),
  );
  selection.interrupted.throwIfAborted();
  const ignored = systemLanes.map(({ paths }) => `<rootDir>/(${paths})`);
  return addTallies([...tallies, await runJest('system', selection, { files: { ignored } })]);
}

/**
 * Runs `int`: first, one after the other, the files that must run alone (`*.alone.int.test.ts`), then all others.
 */
async function runInt(selection: Selection, letNeighboursStart = () => {}): Promise<Tally> {
  const servers = await startTestServers((text) => console.log(text), selection.interrupted);
  try {
    const environment = servers.urls;
    console.log(
      `  PostgreSQL ${hostOf(environment.TEST_POSTGRES_URL)}, RabbitMQ ${hostOf(environment.TEST_RABBITMQ_URL)}`,
    );
    const match = '**/*.alone.int.test.ts';
    const [one] = globSync(match, { cwd: repositoryRoot(), exclude: ['**/node_modules', '.local'] });
    if (!one) {
      letNeighboursStart();
      return await runJest('int', selection, { environment });
    }
    const alone = await runJest('int', selection, { environment, files: { match }, workers: 1 });
    selection.interrupted.throwIfAborted();
    letNeighboursStart();
    const ignored = ['[.]alone[.]int[.]test[.]ts$'];
    return addTallies([alone, await runJest('int', selection, { environment, files: { ignored } })]);
  } finally {
    await servers.stop();
  }
}

/** Files of a tier: those of a glob, of a path, or all but some. */
interface Files {
  match?: string;
  paths?: string;
  ignored?: string[];
}

interface Run {
  files?: Files;
  workers?: number;
  environment?: Record<string, string>;
  yields?: boolean;
}

/**
 * The number of files of a tier that run at the same time. Those of `int` and `e2e` wait for more than half of their time: for
 * servers, intervals, timeouts and outages. With more than three whole systems on two cores, tests would fail because of
 * timeouts.
 */
function workersFor(tier: Tier, isAlone: boolean): number {
  const processors = availableParallelism();
  if (tier === 'system' || (tier === 'e2e' && processors === 1)) return 1;
  if (tier === 'e2e') return isAlone ? 3 : 2;
  return processors + (tier === 'unit' ? 0 : isAlone ? 2 : 1);
}

async function runJest(
  tier: Tier,
  { jestArgs, interrupted, isAlone }: Selection,
  { files = {}, workers = workersFor(tier, isAlone), environment = {}, yields = false }: Run = {},
): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-jest-'));
  const report = join(folder, 'report.json');
  const command = ['jest', `--testMatch=${files.match ?? `**/*.${tier}.test.ts`}`];
  if (files.paths) command.push(`--testPathPatterns=${files.paths}`);
  if (files.ignored)
    command.push(...['/node_modules/', ...files.ignored].map((path) => `--testPathIgnorePatterns=${path}`));
  // Must follow the options that take a list, because these would also take the paths of jestArgs.
  command.push('--json', `--outputFile=${report}`, '--passWithNoTests', `--maxWorkers=${workers}`);
  if (tier === 'e2e' || tier === 'system') command.push('--maxConcurrency=4');
  // A new process for each file, except in `unit`: whatever a failed test leaves running ends with the process and does not
  // slow down other files. (Pure code leaves nothing, and 80 processes take half a minute.) With any limit, no file runs in
  // jest's own process, which could then not exit.
  command.push(`--workerIdleMemoryLimit=${tier === 'unit' ? '100%' : 0}`);
  try {
    // With --json, jest also writes the report to standard output; the readable output is on standard error.
    const { exitCode, stragglers } = await run([...command, ...jestArgs], interrupted, {
      environment,
      stdout: 'ignore',
      stderr: isAlone ? 'inherit' : 'pipe',
      yields,
    });
    const tally = tallyOfTier({ tier, report: readJson<JestReport>(report), exitCode, jestArgs });
    return addTallies([tally, ...stragglers.map((one) => tallyOfStraggler(tier, one))]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function stepOf(name: Tier | SlowProof, interrupted: AbortSignal, work: () => Promise<Tally>): Promise<Tally> {
  return step({ what: name, repeat: `npm test -- ${name}` }, interrupted, work);
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
  /** Whether other programs get the CPUs first. */
  yields?: boolean;
}

/** Runs a command until it ends or is interrupted, together with its child processes. */
async function run(
  [command = '', ...args]: string[],
  interrupted: AbortSignal,
  { environment, stdout = 'inherit', stderr = 'inherit', yields = false }: Surroundings = {},
): Promise<{ exitCode: number; stragglers: Straggler[] }> {
  const watch = watchRun();
  // A separate process group: an interrupt from the terminal reaches only this process, which ends the whole run.
  const child = spawn(command, args, {
    cwd: repositoryRoot(),
    env: { ...process.env, ...environment, ...watch.environment },
    stdio: ['ignore', stdout, stderr],
    detached: true,
  });
  if (child.pid !== undefined) {
    watch.follow(child.pid);
    if (yields) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  }
  // Through a pipe, jest prints no status line; two of them would overwrite each other.
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
