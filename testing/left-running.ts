/**
 * Processes that a test run leaves running. jest ends the process of each test file, but not its children: a detached child, or
 * one whose parent has ended, continues to run.
 *
 * A process belongs to a run if it was found as a descendant of the run, or if it inherited the variable of the run. The first
 * check misses a child whose parent ended between two scans, the second a child with a different environment.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, keyOf, type ProcessStat, sendSignal, withDescendants } from '@shop/local/processes.ts';

const LOOK_EVERY_MS = 500;
/** Time for a database or a broker to shut down. */
const END_WITHIN_MS = 10_000;
/** Daemons that a test may start for the whole machine, with their children: a Docker engine, Erlang's name service. */
const OF_THE_MACHINE = /^(dockerd|containerd|containerd-shim|docker-proxy|epmd)$/;
/** The inherited variable with the test file; see jest/environment.ts. */
const FILE_VARIABLE = 'SHOP_TEST_FILE=';

export interface Straggler {
  pid: number;
  commandLine: string;
  /** The path of the test file that started it, if known. */
  file?: string;
}

/** Track the processes of a run. Without /proc, only its process group is known, and no process is reported. */
export function watchRun() {
  const variable = `SHOP_TEST_RUN_${randomUUID().replaceAll('-', '')}`;
  let group: number | undefined;
  let seen: ProcessStat[] = [];
  let looking: NodeJS.Timeout | undefined;

  const look = (isNew: (one: ProcessStat) => boolean = () => false) => {
    const known = new Set(seen.map(keyOf));
    const all = allProcesses().filter(({ name }) => !OF_THE_MACHINE.test(name));
    seen = withDescendants(all, (one) => known.has(keyOf(one)) || isNew(one));
    return seen;
  };
  const lookEverywhere = () => look(({ pid }) => textsOf(pid, 'environ').includes(`${variable}=1`));

  return {
    /** The environment of all processes of the run. */
    environment: { [variable]: '1' },

    /** Track the descendants of this process, which is a group leader. */
    follow(leader: number): void {
      group = leader;
      look(({ pid }) => pid === leader);
      looking = setInterval(() => look(), LOOK_EVERY_MS);
    },

    /** Ask all processes to end. SIGCONT, because a stopped process would not handle SIGTERM. */
    end(): void {
      for (const signal of ['SIGTERM', 'SIGCONT'] as const) {
        if (group !== undefined) sendSignal(-group, signal);
        for (const { pid } of lookEverywhere()) sendSignal(pid, signal);
      }
    },

    /** After the run: end the processes that have not ended in time, and return them, except descendants of other ones. */
    async endStragglers(): Promise<Straggler[]> {
      clearInterval(looking);
      const deadline = performance.now() + END_WITHIN_MS;
      while (lookEverywhere().length > 0 && performance.now() < deadline) await delay(100);
      const pids = new Set(seen.map(({ pid }) => pid));
      const stragglers = seen.filter(({ parent }) => !pids.has(parent)).map(({ pid }) => stragglerOf(pid));
      for (const pid of pids) sendSignal(pid, 'SIGKILL');
      return stragglers;
    },
  };
}

function stragglerOf(pid: number): Straggler {
  const file = textsOf(pid, 'environ').find((one) => one.startsWith(FILE_VARIABLE));
  return { pid, commandLine: textsOf(pid, 'cmdline').join(' '), file: file?.slice(FILE_VARIABLE.length) };
}

/** The strings in /proc/<pid>/cmdline or environ; empty if the process has ended or belongs to another user. */
function textsOf(pid: number, name: 'cmdline' | 'environ'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
