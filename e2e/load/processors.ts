import { readdirSync, readFileSync } from 'node:fs';

/** CPU time in ticks since boot: total, and of these processes and their descendants. */
export interface ProcessorTime {
  all: number;
  own: number;
  busy: number;
  /**
   * The part of `busy` used for interrupts. It is charged to no process, and under load is mostly for our own packets.
   */
  interrupts: number;
}

/** Reads the CPU times; see {@link othersShare}. */
export function readProcessorTime(roots: readonly number[]): ProcessorTime {
  const total = /^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = total
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { all: busy + idle + iowait, busy, interrupts: irq + softirq, own: ticksOf(roots) };
}

/** The share of CPU time (0 to 1) that other processes used in between, including other guests of the hypervisor. */
export function othersShare(before: ProcessorTime, after: ProcessorTime): number {
  const others = after.busy - before.busy - (after.own - before.own);
  return Math.min(1, Math.max(0, others / (after.all - before.all)));
}

function ticksOf(roots: readonly number[]): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const own = new Set(roots);
  // A child has a larger id than its parent, unless ids wrapped around; a second pass finds those.
  for (let round = 0; round < 2; round += 1) {
    for (const { pid, parent } of processes) if (own.has(parent)) own.add(pid);
  }
  return processes.reduce((sum, { pid, ticks }) => (own.has(pid) ? sum + ticks : sum), 0);
}

function readProcess(pid: number): { pid: number; parent: number; ticks: number }[] {
  try {
    // The name is in parentheses and may contain any character.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [parent, user, system, childrenUser, childrenSystem] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]));
    const ended = (childrenUser ?? 0) + (childrenSystem ?? 0);
    return [{ pid, parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0) + ended }];
  } catch {
    return []; // has exited
  }
}
