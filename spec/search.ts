import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';

/** One exhaustive search: a model and its macros. */
export interface Search {
  name: string;
  model: 'order-protocol' | 'twins' | 'completer-watermark';
  defines: readonly string[];
}

export interface SearchLimits {
  megabytes: number;
  seconds: number;
  /** Optimize for compile time, for searches that end early. */
  quickly?: boolean;
}

/**
 * - `holds`: every reachable state was visited, and every claim was true in it.
 * - `violated`: a claim was false; `claim` has its name.
 * - `incomplete`: a limit ended the search without a result.
 */
export interface Verdict {
  outcome: 'holds' | 'violated' | 'incomplete';
  claim?: string;
  states: number;
  transitions: number;
  megabytes: number;
  seconds: number;
  /** The steps of each kind of process that no path took, as `line <line>: <code>`; only of a complete search. */
  unreached: Readonly<Record<string, readonly string[]>>;
  /** The steps that lead to the violation, if requested. */
  trail?: string;
}

// Longer than the longest path of any configuration; a path that reaches it makes the search incomplete.
const DEPTH = 100_000;
// The initial size of pan's hash table, as a power of two (8 bytes each); the minimum memory of a search.
const HASH_POWER = 22;

/** Searches all reachable states of a model. Throws if a tool is missing or the model is invalid. */
export async function search(what: Search, limits: SearchLimits, withTrail = false): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-spec-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const model = `${what.model}.pml`;
    copyFileSync(join(repositoryRoot(), 'spec', model), join(folder, model));
    const defines = what.defines.map((define) => `-D${define}`);
    await run('spin', [...defines, '-a', model], folder);
    // DFS over all interleavings (NOREDUCE); complete, compressed states (COLLAPSE), so that no hash collision loses
    // one.
    const flags = ['-w', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE', '-DVECTORSZ=512', `-DMEMLIM=${limits.megabytes}`];
    await run('gcc', [limits.quickly ? '-O0' : '-O2', ...flags, '-o', 'pan', 'pan.c'], folder);
    const began = performance.now();
    const output = await run('./pan', [`-m${DEPTH}`, `-w${HASH_POWER}`], folder, limits.seconds);
    const verdict = { ...readVerdict(output), seconds: (performance.now() - began) / 1_000 };
    if (!withTrail || verdict.outcome !== 'violated') return verdict;
    const trail = await run('spin', [...defines, '-t', '-p', model], folder);
    return { ...verdict, trail: readTrail(trail) };
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Parses pan's report. Only a complete search without an error is `holds`. */
export function readVerdict(output: string): Omit<Verdict, 'seconds'> {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);
  const sizes = {
    states: number(/^\s*(\d+(?:\.\d+e\+\d+)?) states, stored/m),
    transitions: number(/^\s*(\d+(?:\.\d+e\+\d+)?) transitions/m),
    megabytes: Math.round(number(/^\s*([\d.]+)\s+total actual memory/m)),
  };
  const error = /^pan:\d+: (.*?) \(at depth \d+\)/m.exec(output)?.[1];
  if (error !== undefined)
    return { outcome: 'violated', claim: error.replace('assertion violated ', ''), unreached: {}, ...sizes };
  const isComplete =
    /errors: 0\b/.test(output) &&
    !/not completed|too small|out of memory|reached -DMEMLIM|hash conflict.*truncated/i.test(output) &&
    !/resized.*failed/.test(output);
  return { outcome: isComplete ? 'holds' : 'incomplete', unreached: readUnreached(output), ...sizes };
}

function readUnreached(output: string): Record<string, string[]> {
  const reports = output.split('unreached in proctype ').slice(1);
  return Object.fromEntries(
    reports.map((report) => {
      const steps = report.matchAll(/^\s\S+?:(\d+), state \d+, "(.*)"$/gm);
      return [/^\w+/.exec(report)?.[0] ?? '', [...steps].map(([, line, code]) => `line ${line}: ${code}`)];
    }),
  );
}

/** Spin's replay with one line per step: which process, and which line of the model. */
function readTrail(output: string): string {
  const steps = /^\s*(\d+):\s+proc\s+\d+ \((\S+?)(?::\d+)?\) \S*?:(\d+) \(state \d+\)\s+\[(.*)\]$/;
  return output
    .split('\n')
    .flatMap((line) => {
      const step = steps.exec(line);
      if (!step || step[2] === ':init:') return [];
      return [`${step[1]?.padStart(4)}  ${step[2]?.padEnd(10)} line ${step[3]?.padEnd(4)} ${step[4]}`];
    })
    .join('\n');
}

/** Runs a command; returns its output. A search that takes too long is stopped; its output then has no result. */
async function run(command: string, args: string[], cwd: string, seconds = 120): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000);
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      process.off('exit', end);
      // pan exits with 0 regardless of its result; spin and gcc report errors of the model by their exit code.
      if (command !== './pan' && code !== 0) reject(new Error(`${command} ended with ${code ?? signal}:\n${output}`));
      else resolve(output);
    });
  });
}
