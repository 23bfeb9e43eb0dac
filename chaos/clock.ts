/**
 * A process whose clock is wrong: started with Debian's libfaketime before the C library. Only the time of day is faked;
 * timers and deadlines go by the monotonic clock, as they do when an administrator sets a machine's clock.
 */
import { globSync, rmSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';
import { aptAccess, installPackages } from '@shop/local/debian.ts';
import type { Launch } from '@shop/local/processes.ts';

export type ClockError = 'ahead' | 'behind';

// Beyond every lease and deadline, and short of a time zone: what a forgotten time server leaves behind.
const OFFSET_MINUTES = 7;

/** Debian's library for programs with threads; undefined when it is not installed. */
export function findFaketime(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0];
}

/** Makes sure that the library is there, as root by apt; returns why it is not, else nothing. */
export async function ensureFaketime(log: string, say: (text: string) => void): Promise<string | undefined> {
  if (findFaketime() !== undefined) return undefined;
  const access = aptAccess();
  if (access !== 'root') {
    return `libfaketime is missing on this machine${access === 'none' ? '' : ': sudo apt-get install libfaketime'}`;
  }
  say(`libfaketime is missing: installing it with apt-get (${log}) …`);
  try {
    await installPackages(['libfaketime'], log);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `libfaketime could not be installed: ${error.message}`;
  }
  return findFaketime() === undefined ? `apt-get installed no libfaketime; see ${log}` : undefined;
}

/** The same program with a clock that is minutes wrong. */
export function withClock(launch: Launch, error: ClockError): Launch {
  const library = findFaketime();
  if (library === undefined) throw new Fault('libfaketime is not installed');
  const clock = {
    LD_PRELOAD: library,
    FAKETIME: `${error === 'ahead' ? '+' : '-'}${OFFSET_MINUTES}m`,
    // Two names, for two versions of it. With a faked monotonic clock every timer would jump.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
  return { ...launch, env: { ...launch.env, ...clock } };
}

const fakedPids = new Set<number>();

/** Makes sure that what the library leaves behind of a killed process is removed when this one ends. */
export function removeRemainsAtExit(pid: number): void {
  if (fakedPids.size === 0) process.once('exit', removeRemains);
  fakedPids.add(pid);
}

function removeRemains(): void {
  for (const pid of fakedPids) {
    for (const file of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`]) rmSync(`/dev/shm/${file}`, { force: true });
  }
}

/** Whether whoever answers there has a clock that is wrong: HTTP answers carry a Date. Undefined while nobody answers. */
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
