/**
 * Runs a process with a wrong clock, by preloading Debian's libfaketime. Only the time of day is faked; timers and deadlines
 * use the monotonic clock, as they do when an administrator changes a machine's clock.
 */
import { globSync, rmSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';
import { aptAccess, installPackages } from '@shop/local/debian.ts';
import type { Launch } from '@shop/local/processes.ts';

export type ClockError = 'ahead' | 'behind';

// Longer than every lease and deadline, shorter than a time zone: the typical drift without a time server.
const OFFSET_MINUTES = 7;

/** Debian's library for multi-threaded programs; undefined if not installed. */
export function findFaketime(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0];
}

/** Makes sure that the library is installed (as root with apt); returns the reason if it is not. */
export async function ensureFaketime(log: string, say: (text: string) => void): Promise<string | undefined> {
  if (findFaketime() !== undefined) return undefined;
  const access = aptAccess();
  if (access !== 'root') {
    return `libfaketime is not installed${access === 'none' ? '' : ': sudo apt-get install libfaketime'}`;
  }
  say(`libfaketime is missing: installing it with apt-get (${log}) …`);
  try {
    await installPackages(['libfaketime'], log);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `libfaketime could not be installed: ${error.message}`;
  }
  return findFaketime() === undefined ? `apt-get did not install libfaketime; see ${log}` : undefined;
}

/** The same program with a clock that is wrong by minutes. */
export function withClock(launch: Launch, error: ClockError, minutes = OFFSET_MINUTES): Launch {
  const library = findFaketime();
  if (library === undefined) throw new Fault('libfaketime is not installed');
  const clock = {
    LD_PRELOAD: library,
    FAKETIME: `${error === 'ahead' ? '+' : '-'}${minutes}m`,
    // Two variables for two versions of the library. With a faked monotonic clock every timer would jump.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  return { ...launch, env: { ...launch.env, ...clock } };
}

const fakedPids = new Set<number>();

/** Removes the library's leftovers of killed processes when this process exits. */
export function removeRemainsAtExit(pid: number): void {
  if (fakedPids.size === 0) process.once('exit', removeRemains);
  fakedPids.add(pid);
}

function removeRemains(): void {
  for (const pid of fakedPids) {
    for (const file of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(`/dev/shm/${file}`, { force: true });
  }
}

/** Whether the process at this URL has a wrong clock, from the Date header; undefined if there is no response. */
export async function hasWrongClock(url: string): Promise<boolean | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    const error = Date.parse(response.headers.get('date') ?? '') - Date.now();
    return Math.abs(error) > (OFFSET_MINUTES - 1) * 60_000;
  } catch {
    return undefined;
  }
}
