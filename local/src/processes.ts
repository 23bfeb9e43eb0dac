/**
 * Processes by pid and start time. A pid alone is not an identity: after a crash or a reboot another program may carry
 * it, so nothing here signals a pid whose start time differs from the one that was recorded.
 *
 * A part's family is everything that it started: its process group and session, and all descendants. PostgreSQL gives
 * each backend a session of its own, so a signal to the group alone would pause the postmaster and leave its
 * connections working.
 */

import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';

export interface ProcessId {
  pid: number;
  startedAt: string;
}

/** How to start a program that will lead a process group of its own. */
export interface Launch {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** What asks the leader to end in good order. */
  stopSignal: NodeJS.Signals;
}

export type ProcessStat = ProcessId & { name: string; state: string; parent: number; group: number; session: number };

const bootId = readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
const exits = new Map<string, string>();

/** Parses /proc/<pid>/stat; the command's name may contain spaces and brackets, so fields count from the last one. */
export function parseStat(text: string): ProcessStat | undefined {
  const endOfName = text.lastIndexOf(')');
  const fields = text.slice(endOfName + 2).split(' ');
  const [state, parent, group, session] = fields;
  const ticks = fields[19];
  if (state === undefined || ticks === undefined) return undefined;
  return {
    pid: Number.parseInt(text, 10),
    // Ticks count from the boot, so the boot belongs to the identity.
    startedAt: `${bootId}/${ticks}`,
    name: text.slice(text.indexOf('(') + 1, endOfName),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
  };
}

/** What the kernel says about a pid; undefined for no process or one that has ended and only waits to be collected. */
export function statOf(pid: number): ProcessStat | undefined {
  const stat = parseStat(readOrEmpty(`/proc/${pid}/stat`));
  return stat?.state === 'Z' ? undefined : stat;
}

/** This very process. */
export function thisProcess(): ProcessId {
  return { pid: process.pid, startedAt: statOf(process.pid)?.startedAt ?? '' };
}

/** Whether exactly this process still runs (or is stopped by a signal). */
export function isRunning(id: ProcessId | undefined): boolean {
  return id !== undefined && statOf(id.pid)?.startedAt === id.startedAt;
}

/** Starts a program in its own session, its output appended to a log, independent of this process's life. */
export function spawnDetached(launch: Launch, log: string): ProcessId {
  const output = openSync(log, 'a', 0o600);
  try {
    const child = spawn(launch.command, launch.args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: launch.env,
      cwd: launch.cwd,
    });
    child.on('error', () => {}); // reported below by the missing pid
    if (child.pid === undefined) throw new Error(`${launch.command} could not be started: not found or not executable`);
    // Read the unfiltered stat: a program that failed at once is still there as long as nobody collected it.
    const stat = parseStat(readOrEmpty(`/proc/${child.pid}/stat`));
    const id = { pid: child.pid, startedAt: stat?.startedAt ?? 'ended' };
    child.once('exit', (code, signal) => exits.set(keyOf(id), signal ? `by ${signal}` : `with code ${code}`));
    child.unref();
    return id;
  } finally {
    closeSync(output);
  }
}

/** How a process ended, if this process had started it. */
export function howItEnded(id: ProcessId): string | undefined {
  return exits.get(keyOf(id));
}

/** All processes of a family that still exist, the leader first; empty if the leader's pid belongs to a stranger now. */
export function familyOf(id: ProcessId): ProcessStat[] {
  const all = allProcesses();
  const leader = all.find((one) => one.pid === id.pid);
  if (leader && leader.startedAt !== id.startedAt) return [];
  // A group's number is not given away while the group has members, so those of a dead leader are still ours.
  const family = withDescendants(all, (one) => one.group === id.pid || one.session === id.pid);
  return family.sort(orderBy(({ pid }) => (pid === id.pid ? 0 : 1)));
}

/** Those of `all` that are chosen, and what descends from them. */
export function withDescendants(all: ProcessStat[], isChosen: (one: ProcessStat) => boolean): ProcessStat[] {
  const family = new Map(all.filter(isChosen).map((one) => [one.pid, one]));
  for (let grown = true; grown; ) {
    const children = all.filter((one) => !family.has(one.pid) && family.has(one.parent));
    for (const child of children) family.set(child.pid, child);
    grown = children.length > 0;
  }
  return [...family.values()];
}

/** Sends a signal to a whole family. */
export function signalFamily(id: ProcessId, signal: NodeJS.Signals): void {
  for (const member of familyOf(id)) sendSignal(member.pid, signal);
}

/** Asks the leader alone: it knows in which order its own children must end. */
export function signalLeader(id: ProcessId, signal: NodeJS.Signals): void {
  if (isRunning(id)) sendSignal(id.pid, signal);
}

/** Waits until nothing of a family is left; false when the time is over first. */
export async function waitUntilGone(id: ProcessId, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (isRunning(id) || familyOf(id).length > 0) {
    if (performance.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/** Ends a family in good order, by force when that takes too long. */
export async function endFamily(id: ProcessId, stopSignal: NodeJS.Signals, milliseconds: number): Promise<void> {
  signalLeader(id, stopSignal);
  signalFamily(id, 'SIGCONT'); // a paused process would never see the request
  if (await waitUntilGone(id, milliseconds)) return;
  signalFamily(id, 'SIGKILL');
  await waitUntilGone(id, 2_000);
}

/** Every process of the machine; none where there is no /proc. */
export function allProcesses(): ProcessStat[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);
}

/** To a process, or to a group when the number is negative; one that has ended is passed over. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended meanwhile
  }
}

/** The same for the same process only. */
export function keyOf(id: ProcessId): string {
  return `${id.pid} ${id.startedAt}`;
}
