import { readFileSync } from 'node:fs';
import { partStatus } from '@shop/local/control.ts';
import type { System } from '@shop/local/parts.ts';
import { allPartNames, partOf } from '@shop/local/parts.ts';
import type { ProcessMemory } from './evidence.ts';

const INTERVAL_MS = 500;
// Node allocates most of its memory in its first seconds of work; earlier values cannot be compared.
const GROWN_UP_MS = 10_000;
const PAGE_BYTES = 4_096;

/** Repeatedly measures the memory of each service and gateway process, separately for each restart. */
export function watchMemory(system: System): { stop: () => ProcessMemory[] } {
  const names = allPartNames(system.plan).filter((name) => /^(order|inventory|account)-\d+$|^gateway$/.test(name));
  const lives = new Map<string, ProcessMemory & { since: number }>();

  function look(): void {
    for (const life of lives.values()) life.endMb = undefined; // unless it still runs
    for (const name of names) {
      const pid = partStatus(partOf(system, name)).process?.pid;
      const mb = pid === undefined ? undefined : residentMb(pid);
      if (pid === undefined || mb === undefined) continue;
      const life = lives.get(`${name} ${pid}`) ?? { name, pid, mostMb: 0, ageSeconds: 0, since: performance.now() };
      const age = performance.now() - life.since;
      life.mostMb = Math.max(life.mostMb, mb);
      life.ageSeconds = Math.round(age / 1_000);
      if (age >= GROWN_UP_MS) life.grownUpMb ??= mb;
      life.endMb = mb;
      lives.set(`${name} ${pid}`, life);
    }
  }

  const timer = setInterval(look, INTERVAL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return [...lives.values()].map(({ since, ...life }) => life);
    },
  };
}

/** Undefined if the process has exited. */
function residentMb(pid: number): number | undefined {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    const bytes = Number(pages) * PAGE_BYTES;
    return bytes > 0 ? Math.round(bytes / 1e6) : undefined;
  } catch {
    return undefined;
  }
}
