import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in ticks since the machine started: in all, and what these processes and their descendants used. */
export interface ProcessorTime {
  all: number;
  own: number;
  busy: number;
  /** The part of `busy` that is interrupts: they belong to nobody's time, and under load mostly are our own packets. */
  interrupts: number;
}

/** Read it; see {@link othersShare}. */
export function readProcessorTime(roots: readonly number[]): ProcessorTime {
  const total = /^cpu +(.*)/.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = total
    .split(' ')
    .map(Number);
  const busy = user + nice + system + irq + softirq + steal;
  return { all: busy + idle + iowait, busy, interrupts: irq + softirq, own: ticksOf(roots) };
}

/** Which part of the machine's processors others used meanwhile, the hypervisor's other guests among them: 0 to 1. */
export function othersShare(before: ProcessorTime, after: ProcessorTime): number {
  const others = after.busy - before.busy - (after.own - before.own);
  return Math.min(1, Math.max(0, others / (after.all - before.all)));
}

function ticksOf(roots: readonly number[]): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const own = new Set(roots);
  // A child has a larger id than its parent but for wrapped ids; a second round finds those.
  for (let round = 0; round < 2; round += 1) {
    for (const { pid, parent } of processes) if (own.has(parent)) own.add(pid);
  }
  return processes.reduce((sum, { pid, ticks }) => (own.has(pid) ? sum + ticks : sum), 0);
}

function readProcess(pid: number): { pid: number; parent: number; ticks: number }[] {
  try {
    // The name stands in parentheses and may contain anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [parent, user, system, childrenUser, childrenSystem] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]));
    const ended = (childrenUser ?? 0) + (childrenSystem ?? 0);
    return [{ pid, parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0) + ended }];
  } catch {
    return []; // ended meanwhile
  }
}
