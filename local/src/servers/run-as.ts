import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';

const nobody = 65_534;
const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];
// The capability lets nobody pass the folders above the checkout, /root for one, and use what belongs to root; access(2)
// ignores it without the secure bit.
const capability = ['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
const otherUser = ['setpriv', ...identity, ...capability];

/**
 * What to put before a command of PostgreSQL, which refuses to run as root. In a user namespace of its own it sees uid
 * 1000, while its files stay root's. Where namespaces are forbidden (in most containers), it runs as `nobody`.
 */
export function asNonRoot(dataFolder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const [prefix, owner] = works(namespace) ? [namespace, 0] : [otherUser, nobody];
  if (owner === nobody && !works(otherUser)) {
    throw new Fault(
      'PostgreSQL does not run as root, and neither unshare nor setpriv can make it another user here: use another user',
    );
  }
  // PostgreSQL insists on owning its data; between two starts the way to run it may have changed.
  if (statSync(dataFolder).uid !== owner) spawnSync('chown', ['-R', `${owner}:${owner}`, dataFolder]);
  return prefix;
}

function works([command = '', ...args]: string[]): boolean {
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}
