/** Installs Debian packages for programs that npm does not have. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';
import { tailOf } from './log-tail.ts';
import { runLogged } from './processes.ts';

const policy = '/usr/sbin/policy-rc.d';

/** Whether this machine uses apt, and whether this user may install packages. */
export function aptAccess(): 'none' | 'not root' | 'root' {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return 'none';
  return process.getuid?.() === 0 ? 'root' : 'not root';
}

/** Installs packages with apt-get, as root, without starting their services; apt's output goes to the log. */
export async function installPackages(names: readonly string[], log: string): Promise<void> {
  await withoutStartingServices(async () => {
    await apt(log, ['update', '-qq']);
    await apt(log, ['install', '-y', '-qq', '--no-install-recommends', ...names]);
  });
}

/** Debian starts the services it installs unless policy-rc.d forbids it; an existing file is restored afterwards. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const kept = `${policy}.kept-by-local-start`;
  // If a kept file exists, an earlier run was killed here: the kept file is the original, and the present one is ours.
  if (existsSync(policy) && !existsSync(kept)) renameSync(policy, kept);
  writeFileSync(policy, '#!/bin/sh\nexit 101\n');
  chmodSync(policy, 0o755);
  // On an interrupt, wait for apt-get to exit before this process does: the file must not stay behind.
  const wait = () => {};
  process.on('SIGINT', wait).on('SIGTERM', wait);
  try {
    await work();
  } finally {
    process.off('SIGINT', wait).off('SIGTERM', wait);
    rmSync(policy, { force: true });
    if (existsSync(kept)) renameSync(kept, policy);
  }
}

async function apt(log: string, args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const code = await runLogged({ command: 'apt-get', args, env }, log);
  if (code !== 0) throw new Fault(`apt-get ${args[0]} failed (code ${code}).\n${tailOf(log)}\n  ${log}`);
}
