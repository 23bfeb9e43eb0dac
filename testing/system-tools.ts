import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findFaketime } from '@shop/chaos/clock.ts';
import { Fault } from '@shop/chassis/base/fault.ts';
import { aptAccess, installPackages } from '@shop/local/debian.ts';
import { findAlertmanager } from '@shop/local/servers/monitoring.ts';

/** Tools for the `system` tier, with a check whether they are installed. */
const tools = [
  { packages: ['spin'], isThere: () => runs('spin', ['-V']) },
  { packages: ['gcc', 'libc6-dev'], isThere: () => runs('gcc', ['--version']) && existsSync('/usr/include/stdio.h') },
  { packages: ['libfaketime'], isThere: () => findFaketime() !== undefined },
  { packages: ['shellcheck'], isThere: () => runs('shellcheck', ['--version']) },
  { packages: ['postgresql'], isThere: () => existsSync('/usr/lib/postgresql') },
  { packages: ['python3', 'python3-venv'], isThere: () => runs('python3', ['-c', 'import ensurepip, venv']) },
  { packages: ['openssh-server'], isThere: () => existsSync('/usr/sbin/sshd') },
  { packages: ['prometheus'], isThere: () => runs('promtool', ['--version']) },
  { packages: ['prometheus-alertmanager'], isThere: () => findAlertmanager() !== undefined },
  { packages: ['chromium', 'fonts-dejavu-core'], isThere: () => runs('chromium', ['--version']) },
  { packages: ['docker-registry'], isThere: () => runs('docker-registry', ['--version']) },
];

/** As root, installs missing Debian packages. A test whose tool is still missing is skipped with this reason. */
export async function installSystemTools(log: string, say: (text: string) => void): Promise<void> {
  const missing = tools.filter(({ isThere }) => !isThere()).flatMap(({ packages }) => packages);
  if (missing.length === 0 || aptAccess() !== 'root') return;
  say(`  Installing ${missing.join(', ')} with apt-get (${log}) …`);
  try {
    await installPackages(missing, log);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    say(`  ${error.message}`);
  }
}

function runs(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
