import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';

export const root = join(__dirname, '../..');

export interface Ended {
  code: number;
  /** Standard output and standard error, interleaved. */
  text: string;
  /** Standard output. */
  stdout: string;
}

/** Run a command; its exit code is not checked. */
export async function end(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const { code, output, stdout } = await startProgram(command, args, { cwd: root, env }).ended;
  return { code: code ?? -1, text: output, stdout };
}

/** Run a command that must succeed; returns its standard output. */
export async function output(command: string, args: string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, text, stdout } = await end(command, args, env);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${text}`);
  return stdout;
}

/** The output of `docker compose config`, as far as the tests need it. */
export interface ComposeConfig {
  services: Record<
    string,
    {
      image: string;
      environment?: Record<string, string | null>;
      ports?: { host_ip?: string; published: string; target: number }[];
      mem_limit?: string;
      logging?: { options?: Record<string, string> };
      networks?: Record<string, unknown>;
      profiles?: string[];
      depends_on?: Record<string, { condition: string }>;
    }
  >;
  networks: Record<string, { internal?: boolean }>;
}

/** A project of docker-compose.yml with additional files and settings, and this name. */
export function composeProject(name: string, overrides: string[], settings: Record<string, string>) {
  const files = ['docker-compose.yml', ...overrides].flatMap((file) => ['-f', file]);
  // The values of the example and of the test, not those of the caller's environment.
  const prefix = ['compose', '-p', name, '--env-file', '.env.example', ...files];
  const env = { ...process.env, ...settings };
  return {
    name,
    /** With these variables, `docker compose` without options uses this project. */
    env: { ...env, COMPOSE_PROJECT_NAME: name, COMPOSE_FILE: ['docker-compose.yml', ...overrides].join(':') },
    run: (...args: string[]) => end('docker', [...prefix, ...args], env),
    output: (...args: string[]) => output('docker', [...prefix, ...args], env),
    async config(): Promise<ComposeConfig> {
      return JSON.parse(await output('docker', [...prefix, '--profile', '*', 'config', '--format', 'json'], env));
    },
  };
}
export type ComposeProject = ReturnType<typeof composeProject>;

/** The output of `docker inspect` for a container, as far as the tests need it. */
export interface Container {
  Id: string;
  Name: string;
  /** The image's id. */
  Image: string;
  Config: { Labels: Record<string, string> };
  State: { ExitCode: number; Status: string };
  HostConfig: { ReadonlyRootfs: boolean };
  NetworkSettings: {
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
    Networks: Record<string, { IPAddress: string }>;
  };
}

/** The containers of a project, or of one of its services. */
export async function containersOf(project: ComposeProject, service?: string): Promise<Container[]> {
  const ids = (await project.output('ps', '--all', '--quiet', ...(service ? [service] : [])))
    .split('\n')
    .filter(Boolean);
  return ids.length === 0 ? [] : JSON.parse(await output('docker', ['inspect', ...ids]));
}
