import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { haveBaseImages, startDockerEngine } from '@shop/testing/docker-engine.ts';

// The version of the servers of a whole system; pg_dump refuses newer ones.
const VERSION = 17;

/** A command prefix that runs a script with tools of PostgreSQL 17 and these variables. */
export type Prefix = (env: Record<string, string>) => string[];

/**
 * The tools of the production image, with the permissions in production, or this machine's own. Folders keep their paths.
 * Undefined if neither is available.
 */
export function findProductionTools(backupDir: string): Prefix | undefined {
  if (startDockerEngine()) {
    const image = haveBaseImages().variables.POSTGRES_IMAGE ?? `postgres:${VERSION}`;
    const user = `${process.getuid?.()}:${process.getgid?.()}`;
    const limits = ['--read-only', '--tmpfs=/tmp:mode=1777', '--cap-drop=ALL', '--security-opt=no-new-privileges'];
    const volumes = [
      `--volume=${join(__dirname, '..')}:${join(__dirname, '..')}:ro`,
      `--volume=${backupDir}:${backupDir}`,
    ];
    return (env) => {
      const variables = Object.entries(env).map(([name, value]) => `--env=${name}=${value}`);
      return ['docker', 'run', '--rm', '--network=host', `--user=${user}`, ...limits, ...volumes, ...variables, image];
    };
  }
  const { stdout } = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' });
  const isYoungEnough = Number(/(\d+)\.\d+/.exec(stdout ?? '')?.[1] ?? 0) >= VERSION;
  return isYoungEnough
    ? (env) => ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
    : undefined;
}
