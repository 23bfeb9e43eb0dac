import { join } from 'node:path';
import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { localFolder } from '@shop/local/folders.ts';
import { showProgress } from '@shop/local/progress.ts';
import { ensureRabbitmq } from '@shop/local/servers/install-rabbitmq.ts';
import { judge } from './goals.ts';
import { measureRebuilds, renderRebuild } from './histories/rebuild.ts';
import { help, type Options, parseOptions } from './options.ts';
import { INSPECTABLE } from './profile/profiler.ts';
import { describeMachine, type Machine } from './report/machine.ts';
import { pagePath, writePage } from './report/page.ts';
import { renderGoals, renderScenario } from './report/table.ts';
import { requireDisk } from './rows/disk.ts';
import { cleanRounds, type RunResult, runBench } from './run.ts';
import { OTHERS_CORES_AT_MOST } from './statistics.ts';

/** `npm run bench`: exit code 0 measured, 1 failed, 2 disturbed or invalid usage. */
export async function benchCommand(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      console.log(help);
      return 0;
    }
    return await bench(options);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nHelp: npm run bench -- --help`);
      return 2;
    }
    if (!(error instanceof Fault)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function bench(options: Options): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Fault(`npm run bench reads CPU times from /proc, so it runs only on Linux, not on ${process.platform}.`);
  }
  if (options.rebuild !== undefined) return rebuild(options.rebuild, options.json);
  if (options.rows !== undefined) requireDisk(localFolder(), options.rows);
  const progress = showProgress();
  if (options.scenarios.some(({ entries }) => entries.some(({ side }) => side.startsWith('ours')))) {
    await ensureRabbitmq(join(localFolder(), 'logs', 'apt.log'), progress.say);
  }
  // Inherited by all processes; no cost until an inspector is opened.
  if (options.profile) process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} ${INSPECTABLE}`.trim();
  const machine = describeMachine();
  const interruption = endBySignal();
  const show = (text: string) => options.json || console.log(text);
  show(machineText(machine));
  const run = await runBench(options, interruption, {
    progress,
    onServers: (servers) => show(serversText(servers)),
    onScenario: (result) => show(renderScenario(result, process.stdout)),
  }).catch(unlessInterrupted(interruption));
  if (!run) return endInterrupted();
  return report(options, machine, run);
}

async function rebuild(orders: number, isJson: boolean): Promise<number> {
  const progress = showProgress();
  await ensureRabbitmq(join(localFolder(), 'logs', 'apt.log'), progress.say);
  requireDisk(localFolder(), orders);
  const machine = describeMachine();
  const show = (text: string) => isJson || console.log(text);
  show(machineText(machine));
  const interruption = endBySignal();
  const rebuilds = await measureRebuilds(orders, interruption, progress, (one) => show(renderRebuild(one))).catch(
    unlessInterrupted(interruption),
  );
  if (!rebuilds) return endInterrupted();
  if (isJson) await print(JSON.stringify({ machine, rebuilds }, null, 2));
  if (rebuilds.every(({ othersCores }) => othersCores <= OTHERS_CORES_AT_MOST)) return 0;
  console.error('The machine was busy, so these numbers are not reliable.');
  return 2;
}

async function report(options: Options, machine: Machine, run: RunResult): Promise<number> {
  const verdicts = judge(run.results);
  const disturbed = run.results
    .filter((result) => cleanRounds(result).length === 0)
    .map(({ scenario }) => scenario.name);
  if (options.json) {
    const { leadInMs, windowMs, rounds } = options;
    const { servers, sales, rows } = run;
    const results = run.results.map(({ scenario, ...result }) => ({
      ...result,
      scenario: { ...scenario, expected: scenario.expected.source },
      isClean: cleanRounds({ scenario, ...result }).length > 0,
    }));
    const goals = verdicts.filter(({ meets }) => meets);
    const report = { machine, servers, leadInMs, windowMs, rounds, sales, rows, results, goals, disturbed };
    await print(JSON.stringify(report, null, 2));
  } else {
    await print(renderGoals(verdicts, process.stdout));
  }
  if (run.profiles) console.error(`Profiles: ${run.profiles}`);
  if (disturbed.length > 0) {
    console.error(
      `No clean round of ${disturbed.join(', ')}: the machine was busy, so these numbers are not reliable.`,
    );
    return 2;
  }
  if (options.page) {
    writePage({ machine, run, verdicts, options });
    console.error(`Written: ${pagePath}`);
  }
  return 0;
}

function unlessInterrupted(interruption: AbortSignal) {
  return (error: unknown): undefined => {
    if (!interruption.aborted) throw error;
  };
}

function endInterrupted(): number {
  console.error('Interrupted. All processes are stopped.');
  return 130;
}

/** Aborted by the first interrupt. Running parts are then stopped cleanly, which takes seconds. */
function endBySignal(): AbortSignal {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) return;
      console.error('\nStopping all processes …');
      interruption.abort();
    });
  }
  return interruption.signal;
}

function machineText({ processor, cores, memoryGb, system, node, commit }: Machine): string {
  const version = commit ? `, commit ${commit}` : '';
  return `${processor}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}${version}`;
}

function serversText(servers: RunResult['servers']): string {
  const lines = Object.entries(servers).flatMap(([side, groups]) =>
    Object.entries(groups).map(([server, settings]) => {
      const values = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
      return `  ${`${side} ${server}`.padEnd(24)} ${values.join(' ')}`;
    }),
  );
  return `${lines.join('\n')}\n`;
}

/** Waits until the output is written: process.exit() discards what a pipe has not accepted yet. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${text}\n`, () => resolve()));
}
