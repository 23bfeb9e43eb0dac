/**
 * What a test run leaves running. jest ends the process of each test file, but not what that process has started: a child
 * that was detached, or whose parent has ended, lives on.
 *
 * A process belongs to a run when it descends from it: it was seen below one that does, or it has inherited the run's
 * variable. The first misses a child whose parent ended between two looks, the second a child with an environment of its own.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, keyOf, type ProcessStat, sendSignal, withDescendants } from '@shop/local/processes.ts';

const LOOK_EVERY_MS = 500;
/** For what was asked to end and needs a moment: a database, a broker. */
const END_WITHIN_MS = 10_000;
/** What a test may have to start once for the machine, and everything below it: a Docker engine, Erlang's name service. */
const OF_THE_MACHINE = /^(dockerd|containerd|containerd-shim|docker-proxy|epmd)$/;
/** The test file, where a process has inherited its name; see jest/environment.ts. */
const FILE_VARIABLE = 'SHOP_TEST_FILE=';

export interface Straggler {
  pid: number;
  commandLine: string;
  /** The path of the test file that started it, if that is known. */
  file?: string;
}

/** A run from its start to its end. Without /proc only its process group is known, and nothing is found to be left. */
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
    /** For every process of the run. */
    environment: { [variable]: '1' },

    /** Watch from now on what descends from this process, the leader of a group. */
    follow(leader: number): void {
      group = leader;
      look(({ pid }) => pid === leader);
      looking = setInterval(() => look(), LOOK_EVERY_MS);
    },

    /** Ask all of it to end; a process that is stopped would never see that. */
    end(): void {
      for (const signal of ['SIGTERM', 'SIGCONT'] as const) {
        if (group !== undefined) sendSignal(-group, signal);
        for (const { pid } of lookEverywhere()) sendSignal(pid, signal);
      }
    },

    /** After the run: end what has not ended in time, and say what it was. What descends from another one of it is not named. */
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

/** The texts in /proc/<pid>/cmdline or environ; none of a process that has ended or is another user's. */
function textsOf(pid: number, name: 'cmdline' | 'environ'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
