/** An sshd as the host and a docker-registry, on ports of 127.0.0.1. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@shop/chassis/testing/eventually.ts';

export interface Server {
  port: number;
  stop(): void;
}

/** An sshd that accepts one key. `folder` has the files of clients: `client_key`, `known_hosts`, `wrong_known_hosts`. */
export async function startSshd(folder: string, port: number): Promise<Server> {
  for (const key of ['host_key', 'client_key', 'other_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', join(folder, key)]);
  }
  // Required by sshd, and normally created at boot.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const publicKey = (name: string) => execFileSync('cat', [join(folder, `${name}.pub`)], { encoding: 'utf8' });
  writeFileSync(join(folder, 'authorized_keys'), publicKey('client_key'), { mode: 0o600 });
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${publicKey('host_key')}`);
  writeFileSync(join(folder, 'wrong_known_hosts'), `[127.0.0.1]:${port} ${publicKey('other_key')}`);
  writeFileSync(
    join(folder, 'sshd_config'),
    [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey ${join(folder, 'host_key')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      // The folder is below /tmp, which is writable by all users.
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
    ].join('\n'),
  );
  // sshd requires its full path.
  return serve(folder, port, 'sshd', ['/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')]);
}

/** A registry that requires this user and password. */
export async function startRegistry(folder: string, port: number, user: string, password: string): Promise<Server> {
  // The registry supports only bcrypt; perl is part of every Debian.
  const hash = execFileSync('perl', ['-e', 'print crypt($ARGV[0], q($2b$05$) . "a" x 21 . "u")', password], {
    encoding: 'utf8',
  });
  writeFileSync(join(folder, 'htpasswd'), `${user}:${hash}\n`);
  writeFileSync(
    join(folder, 'registry.yml'),
    JSON.stringify({
      version: 0.1,
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: join(folder, 'registry') } },
      http: { addr: `127.0.0.1:${port}` },
      auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
    }),
  );
  return serve(folder, port, 'registry', ['docker-registry', 'serve', join(folder, 'registry.yml')]);
}

async function serve(folder: string, port: number, name: string, [command = '', ...args]: string[]): Promise<Server> {
  const log = openSync(join(folder, `${name}.log`), 'a');
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', log, log] });
  await eventually(() => answers(port), 20_000);
  return { port, stop: () => child.kill() };
}

function answers(port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', reject);
  });
}
