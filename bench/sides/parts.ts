import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { endPart, type Part, partStatus } from '@shop/local/control.ts';
import { nodeLaunch } from '@shop/local/parts.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { newSecret } from '@shop/local/secrets.ts';
import {
  initPostgres,
  type PostgresServer,
  postgresAnswers,
  postgresLaunch,
  superuserUrl,
} from '@shop/local/servers/postgres.ts';
import { startAndWait } from '@shop/local/start-system.ts';
import type { Ground, ServiceProcess } from './side.ts';

const PATIENCE_MS = 5_000;

export interface RunningService extends ServiceProcess {
  url: string;
}

/** Starts a Node program of this folder that serves HTTP on a free port. */
export async function startService(
  ground: Ground,
  name: string,
  script: string,
  environment: Record<string, string> = {},
): Promise<RunningService> {
  const { port } = await choosePorts(['port']);
  const url = `http://127.0.0.1:${port}`;
  const part = partIn(ground.folder, name, {
    launch: () => nodeLaunch(script, { PORT: String(port), ...environment }),
    answers: () => answersOk(`${url}/health`),
  });
  return { url, pid: await start(ground, part), log: part.log };
}

/** Starts a separate PostgreSQL server with the settings of the services' servers and one empty database. */
export async function startDatabase(ground: Ground, name: string): Promise<{ url: string; pid: number }> {
  const { port } = await choosePorts(['port']);
  const folder = join(ground.folder, 'data', name);
  mkdirSync(join(ground.folder, 'data'), { recursive: true, mode: 0o700 });
  const server: PostgresServer = { folder, port, superuserPassword: newSecret(), durable: true };
  await initPostgres(server);
  const part = partIn(ground.folder, `${name}-db`, {
    launch: () => postgresLaunch(server),
    answers: () => postgresAnswers(superuserUrl(server)),
  });
  const pid = await start(ground, part);
  await withClient(superuserUrl(server), (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(superuserUrl(server));
  url.pathname = `/${name}`;
  return { url: url.href, pid };
}

function partIn(folder: string, name: string, part: Pick<Part, 'launch' | 'answers'>): Part {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { name, record: join(folder, `${name}.json`), log: join(folder, `${name}.log`), ...part };
}

async function start(ground: Ground, part: Part): Promise<number> {
  ground.atEnd(() => endPart(part, PATIENCE_MS));
  await startAndWait(part, ground.interrupted);
  return partPid(part);
}

/** The process of a running part. */
export function partPid(part: Part): number {
  const { process } = partStatus(part);
  if (!process) throw new Error(`${part.name} is not running`);
  return process.pid;
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
