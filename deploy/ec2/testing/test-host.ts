/** A host on this machine, set up and used by the production scripts. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import { choosePorts } from '@shop/local/ports.ts';
import { newSecret } from '@shop/local/secrets.ts';
import { type Server, startRegistry, startSshd } from './servers.ts';

const scripts = join(repositoryRoot(), 'deploy/ec2');
const registryUser = 'releases';

export interface Outcome {
  code: number;
  output: string;
}

export interface TestHost {
  /** The folder in place of /opt/orders. */
  home: string;
  /** Its Compose project. */
  project: string;
  /** For a client with another host key for this host. */
  wrongKey: Record<string, string>;
  registry: { user: string; token: string; prefix: string };
  /** Address and keys for clients. */
  environment: Record<string, string>;
  /** Runs a script as an operator would; `environment` overrides the valid settings. */
  run(script: string, args: string[], environment?: Record<string, string>): Promise<Outcome>;
  /** A copy of the files that deploy.sh copies, which a test can change. */
  copyOfRepository(): string;
  /** The text of a file below the home, such as a secret. */
  read(path: string): string;
  /** The ids of all running containers, by name. */
  containers(): Record<string, string>;
  stop(): void;
}

/** `images` and settings for the test are added to the host.env that bootstrap.sh writes. */
export async function startTestHost(images: Record<string, string>): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-deploy-'));
  const home = join(folder, 'orders');
  const ports = await choosePorts(['ssh', 'registry', 'gateway', 'rabbitmq', 'http', 'https'] as const);
  const project = `deploy-${ports.ssh}`;
  const token = newSecret();
  const servers: Server[] = [];
  const stop = () => {
    removeContainers(project);
    removeImages(`127.0.0.1:${ports.registry}/shop/*`);
    for (const server of servers) server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    servers.push(await startSshd(folder, ports.ssh));
    servers.push(await startRegistry(folder, ports.registry, registryUser, token));
    mkdirSync(join(home, 'tls'), { recursive: true });
    cpSync(join(scripts, 'testing/override.yml'), join(home, 'override.yml'));
    writeFileSync(join(home, 'host.env'), hostSettings(project, ports, images));
    makeCertificate(join(home, 'tls'));
  } catch (error) {
    stop();
    throw error;
  }

  const ssh = {
    SSH_KEY: join(folder, 'client_key'),
    SSH_KNOWN_HOSTS: join(folder, 'known_hosts'),
    SSH_PORT: String(ports.ssh),
    DEPLOY_HOME: home,
  };
  const registry = { user: registryUser, token, prefix: `127.0.0.1:${ports.registry}/shop` };
  const login = { DOCKERHUB_USER: registry.prefix, REGISTRY_USER: registry.user, DOCKERHUB_TOKEN: token };
  const read = (path: string) => readFileSync(join(home, path), 'utf8');

  // As in the README, before the first deploy.
  const made = spawnSync(
    'ssh',
    ['-i', ssh.SSH_KEY, '-o', `UserKnownHostsFile=${ssh.SSH_KNOWN_HOSTS}`, '-p', ssh.SSH_PORT, 'root@127.0.0.1'].concat(
      'bash',
      '-s',
      'create',
      join(home, 'secrets'),
    ),
    { input: readFileSync(join(scripts, 'secrets.sh')), encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`secrets.sh create: ${made.stderr}`);

  return {
    home,
    project,
    wrongKey: { SSH_KNOWN_HOSTS: join(folder, 'wrong_known_hosts') },
    registry,
    environment: {
      BASE_URL: `http://127.0.0.1:${ports.gateway}`,
      STOREFRONT_KEY: read('secrets/storefront_key'),
      BACKOFFICE_KEY: read('secrets/backoffice_key'),
    },
    run: (script, args, environment = {}) => {
      const path = script.startsWith('/') ? script : join(scripts, script);
      return outcomeOf('bash', [path, ...args], { PATH: process.env.PATH ?? '', ...ssh, ...login, ...environment });
    },
    copyOfRepository: () => {
      const copy = mkdtempSync(join(folder, 'copy-'));
      for (const part of ['docker-compose.prod.yml', 'kong', 'deploy']) {
        cpSync(join(repositoryRoot(), part), join(copy, part), { recursive: true });
      }
      return copy;
    },
    read,
    containers: () => {
      const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
      const list = docker(
        'ps',
        '--no-trunc',
        '--filter',
        `label=com.docker.compose.project=${project}`,
        '--format',
        format,
      );
      const lines = list.split('\n').filter((line) => line !== '');
      return Object.fromEntries(lines.map((line) => line.split(' ')));
    },
    stop,
  };
}

/** The output of a docker command; throws with its errors if it fails. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function hostSettings(project: string, ports: Record<string, number>, images: Record<string, string>): string {
  const settings = {
    ...images,
    COMPOSE_PROJECT_NAME: project,
    REPOSITORY: repositoryRoot(),
    GATEWAY_PORT: ports.gateway,
    GATEWAY_URL: `http://127.0.0.1:${ports.gateway}`,
    HTTP_PORT: ports.http,
    HTTPS_PORT: ports.https,
    RABBITMQ_UI_PORT: ports.rabbitmq,
    DB_MEMORY: '384m',
    DB_SHARED_BUFFERS: '64MB',
    LOG_LEVEL: 'warn',
    MIN_FREE_MB: 1000,
    // The local gateway checks every second and resolves names for each connection, so there are no caches to wait for.
    DRAIN_SECONDS: 5,
    READY_PAUSE_SECONDS: 3,
    READY_SECONDS: 30,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function makeCertificate(folder: string): void {
  const files = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')];
  const subject = ['-subj', '/CN=orders.example.com', '-days', '1'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject], { stdio: 'ignore' });
}

/** The exit code of a program, and its standard output and standard error. */
export async function outcomeOf(command: string, args: string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const { code, output } = await startProgram(command, args, { env }).ended;
  return { code: code ?? 1, output };
}

function removeContainers(project: string): void {
  const mine = ['--filter', `label=com.docker.compose.project=${project}`];
  const idsOf = (...list: string[]) =>
    docker(...list, '--quiet', ...mine)
      .split('\n')
      .filter((id) => id !== '');
  for (const [kind, remove] of [
    [
      ['ps', '--all'],
      ['rm', '--force', '--volumes'],
    ],
    [
      ['volume', 'ls'],
      ['volume', 'rm'],
    ],
    [
      ['network', 'ls'],
      ['network', 'rm'],
    ],
  ] as const) {
    const ids = idsOf(...kind);
    if (ids.length > 0) docker(...remove, ...ids);
  }
}

function removeImages(reference: string): void {
  const list = docker('image', 'ls', '--filter', `reference=${reference}`, '--format', '{{.Repository}}:{{.Tag}}');
  const names = list.split('\n').filter((name) => name !== '');
  if (names.length > 0) docker('image', 'rm', '--force', ...names);
}
