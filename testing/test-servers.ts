import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '@shop/chassis/base/fault.ts';
import { tailOf } from '@shop/local/log-tail.ts';
import { choosePorts } from '@shop/local/ports.ts';
import type { Launch, ProcessId } from '@shop/local/processes.ts';
import { endFamily, howItEnded, isRunning, signalFamily, spawnDetached, waitUntilGone } from '@shop/local/processes.ts';
import { newSecret } from '@shop/local/secrets.ts';
import { ensureRabbitmq } from '@shop/local/servers/install-rabbitmq.ts';
import { initPostgres, postgresAnswers, postgresLaunch, superuserUrl } from '@shop/local/servers/postgres.ts';
import { amqpUrl, managementUrl, rabbitmqAnswers, rabbitmqLaunch } from '@shop/local/servers/rabbitmq.ts';
import { startContainers } from './containers.ts';

const URL_NAMES = ['TEST_POSTGRES_URL', 'TEST_RABBITMQ_URL', 'TEST_RABBITMQ_MANAGEMENT_URL'] as const;

export type ServerUrls = Record<(typeof URL_NAMES)[number], string>;

export interface TestServers {
  urls: ServerUrls;
  stop: () => Promise<void>;
}

interface Server {
  name: 'postgres' | 'rabbitmq';
  id: ProcessId;
}

const READY_TIMEOUT_MS = 90_000;

/**
 * One PostgreSQL and one RabbitMQ for a test run: those of the environment variables, else containers, else the embedded
 * PostgreSQL and the machine's RabbitMQ. `interrupted` ends a start in progress.
 */
export async function startTestServers(say: (text: string) => void, interrupted: AbortSignal): Promise<TestServers> {
  const named = namedServers(process.env);
  if (named) return { urls: named, stop: async () => {} };
  return (await startContainers(say, interrupted)) ?? startOwnServers(say, interrupted);
}

/** The servers of the environment variables: all three must be set or none, because the servers are used together. */
export function namedServers(environment: NodeJS.ProcessEnv): ServerUrls | undefined {
  const missing = URL_NAMES.filter((name) => !environment[name]);
  if (missing.length === URL_NAMES.length) return undefined;
  if (missing.length > 0) throw new Fault(`Set ${missing.join(' and ')} too, or none of ${URL_NAMES.join(', ')}.`);
  return Object.fromEntries(URL_NAMES.map((name) => [name, environment[name]])) as ServerUrls;
}

async function startOwnServers(say: (text: string) => void, interrupted: AbortSignal): Promise<TestServers> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-test-'));
  const started: Server[] = [];
  const stop = async () => {
    await Promise.all(started.map(endServer));
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (name: Server['name'], launch: Launch, answers: () => Promise<boolean>) => {
    interrupted.throwIfAborted();
    const log = join(folder, `${name}.log`);
    const id = spawnDetached(launch, log);
    started.push({ name, id });
    await untilAnswering(name, { id, log, answers, interrupted });
  };

  const names = ['postgres', 'amqp', 'management', 'distribution', 'epmd'] as const;
  try {
    await ensureRabbitmq(join(folder, 'apt.log'), say);
    const ports = await choosePorts(names);
    // The data is deleted after the run, so it does not need to survive a crash of the machine.
    const postgres = {
      folder: join(folder, 'pg'),
      port: ports.postgres,
      superuserPassword: newSecret(),
      durable: false,
    };
    const rabbitmq = { folder: join(folder, 'rabbitmq'), ports, user: 'test', password: newSecret() };
    const outcomes = await Promise.allSettled([
      initPostgres(postgres).then(() =>
        start('postgres', postgresLaunch(postgres), () => postgresAnswers(superuserUrl(postgres))),
      ),
      start('rabbitmq', rabbitmqLaunch(rabbitmq), () => rabbitmqAnswers(rabbitmq)),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    const urls = {
      TEST_POSTGRES_URL: superuserUrl(postgres),
      TEST_RABBITMQ_URL: amqpUrl(rabbitmq),
      TEST_RABBITMQ_MANAGEMENT_URL: managementUrl(rabbitmq),
    };
    return { urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** RabbitMQ is killed: it takes 6 s to end and leaves nothing outside its folder. PostgreSQL would leave shared memory. */
async function endServer({ name, id }: Server): Promise<void> {
  if (name === 'postgres') return endFamily(id, 'SIGINT', 5_000);
  signalFamily(id, 'SIGKILL');
  await waitUntilGone(id, 5_000);
}

interface Waiting {
  id: ProcessId;
  log: string;
  answers: () => Promise<boolean>;
  interrupted: AbortSignal;
}

async function untilAnswering(name: string, { id, log, answers, interrupted }: Waiting): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (!(await answers())) {
    if (!isRunning(id)) throw new Fault(`${name} ended (${howItEnded(id) ?? 'unknown how'}).\n${tailOf(log)}`);
    if (performance.now() > deadline) throw new Fault(`${name} was not ready in time.\n${tailOf(log)}`);
    await delay(100, undefined, { signal: interrupted });
  }
}
