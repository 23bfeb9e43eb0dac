import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';

const NOBODY_ID = 65_534;
const namespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];
// With this capability, the user nobody can enter the folders above the checkout (such as /root) and use root's files;
// access(2) ignores the capability without the secure bit.
const capability = ['--inh-caps=-all,+dac_override', '--ambient-caps=-all,+dac_override'];
const identity = [`--reuid=${NOBODY_ID}`, `--regid=${NOBODY_ID}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
const otherUser = ['setpriv', ...identity, ...capability];

/**
 * The command prefix for PostgreSQL, which refuses to run as root. In a new user namespace it sees uid 1000, while its files
 * still belong to root. Where namespaces are forbidden (in most containers), it runs as `nobody`.
 */
export function asNonRoot(dataFolder: string): string[] {
  if (process.getuid?.() !== 0) return [];
  const [prefix, owner] = works(namespace) ? [namespace, 0] : [otherUser, NOBODY_ID];
  if (owner === NOBODY_ID && !works(otherUser)) {
    throw new Fault(
      'PostgreSQL does not run as root, and neither unshare nor setpriv can change the user here: run this as another user',
    );
  }
  // PostgreSQL must own its data, and the way to run it may have changed since the last start.
  if (statSync(dataFolder).uid !== owner) spawnSync('chown', ['-R', `${owner}:${owner}`, dataFolder]);
  return prefix;
}

function works([command = '', ...args]: string[]): boolean {
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0;
}
