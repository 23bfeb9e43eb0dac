/**
 * Processes by pid and start time. A pid alone is not an identity: after a crash or a reboot another program may have it,
 * so nothing here signals a pid whose start time differs from the recorded one.
 *
 * A part's family is everything that it started: its process group and session, and all descendants. PostgreSQL runs each
 * backend in a separate session, so a signal to the group alone would pause the postmaster and leave its connections working.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';

export interface ProcessId {
  pid: number;
  startedAt: string;
}

/** How to start a program as the leader of a new process group. */
export interface Launch {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** The signal for a clean shutdown of the leader. */
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
    // Ticks count from the boot, so the boot id is part of the identity.
    startedAt: `${bootId}/${ticks}`,
    name: text.slice(text.indexOf('(') + 1, endOfName),
    state,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
  };
}

/** What the kernel knows about a pid; undefined if there is no such process or it is a zombie. */
export function statOf(pid: number): ProcessStat | undefined {
  const stat = parseStat(readOrEmpty(`/proc/${pid}/stat`));
  return stat?.state === 'Z' ? undefined : stat;
}

/** The current process. */
export function thisProcess(): ProcessId {
  return { pid: process.pid, startedAt: statOf(process.pid)?.startedAt ?? '' };
}

/** Whether exactly this process still exists, running or stopped by a signal. */
export function isRunning(id: ProcessId | undefined): boolean {
  return id !== undefined && statOf(id.pid)?.startedAt === id.startedAt;
}

/** Starts a program in a new session, independent of this process, with its output appended to a log. */
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
    if (child.pid === undefined) throw new Error(`Could not start ${launch.command}: not found or not executable`);
    // Read the unfiltered stat: a program that failed at once is still listed as a zombie.
    const stat = parseStat(readOrEmpty(`/proc/${child.pid}/stat`));
    const id = { pid: child.pid, startedAt: stat?.startedAt ?? 'ended' };
    child.once('exit', (code, signal) => exits.set(keyOf(id), signal ? `by ${signal}` : `with code ${code}`));
    child.unref();
    return id;
  } finally {
    closeSync(output);
  }
}

/** Runs a program to its end, with its output appended to a log; returns its exit code. */
export async function runLogged({ command, args, env, cwd }: Omit<Launch, 'stopSignal'>, log: string): Promise<number> {
  const output = openSync(log, 'a', 0o600);
  try {
    const [code] = await once(spawn(command, args, { stdio: ['ignore', output, output], env, cwd }), 'exit');
    return code ?? 1;
  } finally {
    closeSync(output);
  }
}

/** How a process exited, if this process started it. */
export function howItEnded(id: ProcessId): string | undefined {
  return exits.get(keyOf(id));
}

/** All existing processes of a family, the leader first; empty if the leader's pid now belongs to another program. */
export function familyOf(id: ProcessId): ProcessStat[] {
  const all = allProcesses();
  const leader = all.find((one) => one.pid === id.pid);
  if (leader && leader.startedAt !== id.startedAt) return [];
  // A group id is not reused while the group has members, so the members of a dead leader's group are still ours.
  const family = withDescendants(all, (one) => one.group === id.pid || one.session === id.pid);
  return family.sort(orderBy(({ pid }) => (pid === id.pid ? 0 : 1)));
}

/** The chosen processes of `all`, and their descendants. */
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

/** Signals only the leader, which knows in which order its children must stop. */
export function signalLeader(id: ProcessId, signal: NodeJS.Signals): void {
  if (isRunning(id)) sendSignal(id.pid, signal);
}

/** Waits until no process of a family is left; false on timeout. */
export async function waitUntilGone(id: ProcessId, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (isRunning(id) || familyOf(id).length > 0) {
    if (performance.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/** Stops a family cleanly, and kills it if that takes too long. */
export async function endFamily(id: ProcessId, stopSignal: NodeJS.Signals, milliseconds: number): Promise<void> {
  signalLeader(id, stopSignal);
  signalFamily(id, 'SIGCONT'); // a paused process would not receive the request
  if (await waitUntilGone(id, milliseconds)) return;
  signalFamily(id, 'SIGKILL');
  await waitUntilGone(id, 2_000);
}

/** Every process of the machine; empty without /proc. */
export function allProcesses(): ProcessStat[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== undefined);
}

/** Signals a process, or a group if the number is negative; ignores one that no longer exists. */
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
    return ''; // the process has exited
  }
}

/** Identifies a process: equal only for the same process. */
export function keyOf(id: ProcessId): string {
  return `${id.pid} ${id.startedAt}`;
}
