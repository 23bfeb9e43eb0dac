import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { haveBaseImages, startDockerEngine } from '@shop/testing/docker-engine.ts';

// Of the servers that a whole system starts; pg_dump refuses one that is newer than itself.
const VERSION = 17;

/** What to put before a script, for it to run beside tools of PostgreSQL 17 with these variables. */
export type Prefix = (env: Record<string, string>) => string[];

/**
 * Those of the image that production runs the scripts in, with what production lets them do; or this machine's own. The
 * folders keep their paths. Undefined where neither can be had.
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
