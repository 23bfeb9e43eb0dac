import { readFileSync } from 'node:fs';
import { partStatus } from '@shop/local/control.ts';
import type { System } from '@shop/local/parts.ts';
import { allPartNames, partOf } from '@shop/local/parts.ts';
import type { ProcessMemory } from './evidence.ts';

const INTERVAL_MS = 500;
// Node takes most of what it needs in its first seconds of work; before that, nothing can be compared with it.
const GROWN_UP_MS = 10_000;
const PAGE_BYTES = 4_096;

/** Looks again and again how much memory each process of ours has: services and gateway, each life for itself. */
export function watchMemory(system: System): { stop: () => ProcessMemory[] } {
  const names = allPartNames(system.plan).filter((name) => /^(order|inventory)-\d+$|^gateway$/.test(name));
  const lives = new Map<string, ProcessMemory & { since: number }>();

  function look(): void {
    for (const life of lives.values()) life.endMb = undefined; // unless it is still there
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

/** Undefined when the process has ended. */
function residentMb(pid: number): number | undefined {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    const bytes = Number(pages) * PAGE_BYTES;
    return bytes > 0 ? Math.round(bytes / 1e6) : undefined;
  } catch {
    return undefined;
  }
}
