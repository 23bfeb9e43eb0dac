import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@shop/local/folders.ts';

/**
 * Whether a Docker engine with Compose is available. A folder beside the clone may have a script that starts one; it is run
 * first.
 */
export function startDockerEngine(): boolean {
  if (engineAnswers()) return true;
  const start = beside('engine');
  if (start === undefined) return false;
  runOneAtATime(start);
  return engineAnswers();
}

/** The base images of the Dockerfiles and Compose files on this machine. */
export interface BaseImages {
  /** Settings of docker-compose.yml. */
  variables: Record<string, string>;
  /** Whether Kong, decK and Grafana are available too. */
  complete: boolean;
}

const standIns = {
  NODE_IMAGE: 'node:24-slim',
  POSTGRES_IMAGE: 'postgres:17',
  RABBITMQ_IMAGE: 'rabbitmq:4-management',
  PROMETHEUS_IMAGE: 'prom/prometheus:v2.53.3',
  ALERTMANAGER_IMAGE: 'prom/alertmanager:v0.28.1',
  MAILDEV_IMAGE: 'maildev/maildev:3.0.0',
};

/**
 * The images of the registry or, without access to one, stand-ins with the same names, which a script beside the clone builds.
 * The first build takes minutes.
 */
export function haveBaseImages(): BaseImages {
  const make = beside('standins');
  if (make === undefined) return { variables: {}, complete: true };
  const missing = Object.values(standIns).some((image) => !succeeds('docker', ['image', 'inspect', image]));
  if (missing && runOneAtATime(make) !== 0) throw new Error(`${make} failed`);
  return { variables: standIns, complete: false };
}

/** Serialises the engine's scripts, because test files of several lanes use them concurrently. Returns the exit code. */
function runOneAtATime(script: string): number | null {
  const lock = join(tmpdir(), 'shop-docker-engine.lock');
  // The engine outlives its script, and would hold the lock as long as it runs if it inherited it.
  return spawnSync('flock', ['--close', lock, script], { stdio: ['ignore', 'ignore', 'inherit'] }).status;
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
