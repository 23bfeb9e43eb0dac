import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { postgresAnswers } from '@shop/local/servers/postgres.ts';
import { asNonRoot } from '@shop/local/servers/run-as.ts';

const run = promisify(execFile);

/**
 * The folder of Debian's newest server with the tools of the same version. pg_dump refuses newer servers, and the embedded
 * PostgreSQL has no pg_dump.
 */
export function findDebianPostgres(): string | undefined {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join('/usr/lib/postgresql', version, 'bin'))
    .find((bin) => ['initdb', 'postgres', 'pg_dump'].every((tool) => existsSync(join(bin, tool))));
}

/** A server for a test. */
export interface TestServer {
  /** URL of a database, for the superuser. */
  url(database: string): string;
  stop(): Promise<void>;
}

/** Start a server on 127.0.0.1 that accepts all roles with the password `test`. */
export async function startDebianPostgres(bin: string): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-backup-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const { server: port } = await choosePorts(['server']);
  const asUser = asNonRoot(data);
  const [command = '', ...args] = [...asUser, join(bin, 'initdb'), '-D', data, '--username=postgres', '--auth=trust'];
  await run(command, [...args, '--encoding=UTF8', '--locale=C', '--no-sync']);
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
  const [server = '', ...flags] = [...asUser, join(bin, 'postgres'), '-D', data];
  const child: ChildProcess = spawn(server, [...flags, ...settings.flatMap((setting) => ['-c', setting])], {
    stdio: 'ignore',
  });
  const url = (database: string) => `postgres://postgres:test@127.0.0.1:${port}/${database}`;
  await eventually(async () => ((await postgresAnswers(url('postgres'))) ? true : undefined), 30_000);
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
