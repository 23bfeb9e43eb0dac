import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { newSecret } from '@shop/local/secrets.ts';
import type { TestServers } from './test-servers.ts';

const run = promisify(execFile);

const postgresImage = 'postgres:17';
const rabbitmqImage = 'rabbitmq:4-management';

// An engine that is up answers in well under a second; one that hangs must not hold the tests up.
const ANSWER_TIMEOUT_MS = 5_000;
// Long enough to fetch two images over a usual line; without a registry in reach nobody wants to wait longer.
const IMAGES_TIMEOUT_MS = 90_000;

/** PostgreSQL and RabbitMQ in containers; undefined where no engine answers or, after saying why, it is of no use. */
export async function startContainers(
  say: (text: string) => void,
  interrupted: AbortSignal,
): Promise<TestServers | undefined> {
  if (!(await engineAnswers(interrupted))) return undefined;
  try {
    const tooLate = AbortSignal.timeout(IMAGES_TIMEOUT_MS);
    for (const image of [postgresImage, rabbitmqImage]) await haveImage(image, say, { interrupted, tooLate });
    // From here on it takes seconds, and an interrupt waits for them: a container half started could not be removed.
    const servers = await startBoth();
    if (interrupted.aborted) await servers.stop();
    interrupted.throwIfAborted();
    return servers;
  } catch (error) {
    interrupted.throwIfAborted();
    const [reason] = (error as Error).message.split('\n');
    say(`  Containers are of no use here (${reason}): using this machine's own servers.`);
    return undefined;
  }
}

async function engineAnswers(interrupted: AbortSignal): Promise<boolean> {
  try {
    const version = ['version', '--format', '{{.Server.Version}}'];
    await run('docker', version, { timeout: ANSWER_TIMEOUT_MS, signal: interrupted });
    return true;
  } catch {
    interrupted.throwIfAborted();
    return false;
  }
}

interface Limits {
  interrupted: AbortSignal;
  tooLate: AbortSignal;
}

/** Fetched by the client, not by testcontainers, which can neither be interrupted nor say why a pull failed. */
async function haveImage(image: string, say: (text: string) => void, { interrupted, tooLate }: Limits): Promise<void> {
  const signal = AbortSignal.any([interrupted, tooLate]);
  try {
    await run('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { signal });
    return;
  } catch {
    if (!signal.aborted) say(`  Fetching the image ${image}`);
  }
  try {
    await run('docker', ['pull', '--quiet', image], { signal });
  } catch (error) {
    const reason = tooLate.aborted
      ? `not there within ${IMAGES_TIMEOUT_MS / 1000} s`
      : (error as { stderr?: string }).stderr;
    throw new Error(`${image}: ${reason?.trim()}`);
  }
}

async function startBoth(): Promise<TestServers> {
  // Its reaper is one more image to fetch; we stop our containers ourselves, also on Ctrl-C.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const { GenericContainer, getContainerRuntimeClient, PullPolicy, Wait } = await import('testcontainers');
  const engineHost = (await getContainerRuntimeClient()).info.containerRuntime.host;
  const host = (await isThisMachine(engineHost)) ? '127.0.0.1' : engineHost;

  class TestContainer extends GenericContainer {
    // Docker publishes on every address of the machine, past its firewall, unless it is told; testcontainers cannot.
    protected override async beforeContainerCreated() {
      if (host !== '127.0.0.1') return; // an engine elsewhere, whose loopback we would not reach
      const published: { HostIp?: string }[][] = Object.values(this.hostConfig.PortBindings ?? {});
      for (const binding of published.flat()) binding.HostIp = host;
    }
  }

  const password = newSecret();
  const starting = [
    new TestContainer(postgresImage)
      // The embedded PostgreSQL's order of text, not the image's.
      .withEnvironment({
        POSTGRES_PASSWORD: password,
        POSTGRES_INITDB_ARGS: '--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C',
      })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=200'])
      .withExposedPorts(5432)
      // Its first start is the one that initialises; only the second one listens on the network.
      .withWaitStrategy(Wait.forSuccessfulCommand('pg_isready --host=127.0.0.1'))
      .withPullPolicy(PullPolicy.neverPull())
      .start(),
    new TestContainer(rabbitmqImage)
      .withEnvironment({ RABBITMQ_DEFAULT_USER: 'test', RABBITMQ_DEFAULT_PASS: password })
      .withExposedPorts(5672, 15672)
      .withWaitStrategy(Wait.forLogMessage(/Server startup complete/))
      .withPullPolicy(PullPolicy.neverPull())
      .start(),
  ] as const;
  const outcomes = await Promise.allSettled(starting);
  const stop = async () => {
    await Promise.all(outcomes.map((one) => one.status === 'fulfilled' && one.value.stop({ timeout: 0 })));
  };
  const [postgres, rabbitmq] = outcomes;
  if (postgres.status === 'rejected' || rabbitmq.status === 'rejected') {
    await stop();
    throw postgres.status === 'rejected' ? postgres.reason : (rabbitmq as PromiseRejectedResult).reason;
  }
  const at = ({ value }: typeof postgres, port: number) => `${host}:${value.getMappedPort(port)}`;
  const urls = {
    TEST_POSTGRES_URL: `postgres://postgres:${password}@${at(postgres, 5432)}/postgres`,
    TEST_RABBITMQ_URL: `amqp://test:${password}@${at(rabbitmq, 5672)}`,
    TEST_RABBITMQ_MANAGEMENT_URL: `http://test:${password}@${at(rabbitmq, 15672)}`,
  };
  return { urls, stop };
}

/**
 * testcontainers calls an engine here `localhost` or, where it takes this machine for a container, by the address of
 * its bridge. Only the owner of an address can listen there; the system's list of interfaces lacks an idle bridge.
 */
async function isThisMachine(host: string): Promise<boolean> {
  const server = createServer().listen(0, host);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
