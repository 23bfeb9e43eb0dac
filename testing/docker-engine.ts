import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';

/**
 * Whether a Docker engine with Compose answers. Beside the clone there may be a folder that knows how to start one on a
 * machine that has none; it is asked first.
 */
export function startDockerEngine(): boolean {
  if (engineAnswers()) return true;
  const start = beside('engine');
  if (start === undefined) return false;
  runOneAtATime(start);
  return engineAnswers();
}

/** What the images of our Dockerfiles and Compose files are here. */
export interface BaseImages {
  /** Settings of docker-compose.yml. */
  variables: Record<string, string>;
  /** Whether Kong, decK and Grafana can be had too. */
  complete: boolean;
}

const standIns = {
  NODE_IMAGE: 'node:24-slim',
  POSTGRES_IMAGE: 'postgres:17',
  RABBITMQ_IMAGE: 'rabbitmq:4-management',
  PROMETHEUS_IMAGE: 'prom/prometheus:v2.53.3',
  ALERTMANAGER_IMAGE: 'prom/alertmanager:v0.28.1',
};

/**
 * Those of the registry; or stand-ins under the same names for a machine that reaches no registry, where a script beside
 * the clone makes them: minutes the first time, nothing afterwards.
 */
export function haveBaseImages(): BaseImages {
  const make = beside('standins');
  if (make === undefined) return { variables: {}, complete: true };
  const missing = Object.values(standIns).some((image) => !succeeds('docker', ['image', 'inspect', image]));
  if (missing && runOneAtATime(make) !== 0) throw new Error(`${make} failed`);
  return { variables: standIns, complete: false };
}

/** Test files of several lanes need the engine at the same time, and its scripts do not expect one another. Returns the exit code. */
function runOneAtATime(script: string): number | null {
  const lock = join(tmpdir(), 'shop-docker-engine.lock');
  return spawnSync('flock', [lock, script], { stdio: ['ignore', 'ignore', 'inherit'] }).status;
}

function engineAnswers(): boolean {
  return (
    succeeds('docker', ['compose', 'version']) && succeeds('docker', ['version', '--format', '{{.Server.Version}}'])
  );
}

function succeeds(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function beside(script: string): string | undefined {
  const path = join(dirname(repositoryRoot()), 'shared', 'docker', script);
  return existsSync(path) ? path : undefined;
}
