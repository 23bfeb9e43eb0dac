import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { newSecret } from '@shop/local/secrets.ts';
import type { TestServers } from './test-servers.ts';

const run = promisify(execFile);

const postgresImage = 'postgres:17';
const rabbitmqImage = 'rabbitmq:4-management';

// A running engine responds in well under a second; one that hangs must not block the tests.
const ANSWER_TIMEOUT_MS = 5_000;
// Long enough to pull two images over a common connection.
const IMAGES_TIMEOUT_MS = 90_000;

/** PostgreSQL and RabbitMQ in containers; undefined if no engine responds or, after a message, if it cannot be used. */
export async function startContainers(
  say: (text: string) => void,
  interrupted: AbortSignal,
): Promise<TestServers | undefined> {
  if (!(await engineAnswers(interrupted))) return undefined;
  try {
    const tooLate = AbortSignal.timeout(IMAGES_TIMEOUT_MS);
    for (const image of [postgresImage, rabbitmqImage]) await haveImage(image, say, { interrupted, tooLate });
    // The start takes seconds and is not interrupted, because a container that is being started cannot be removed.
    const servers = await startBoth();
    if (interrupted.aborted) await servers.stop();
    interrupted.throwIfAborted();
    return servers;
  } catch (error) {
    interrupted.throwIfAborted();
    const [reason] = (error as Error).message.split('\n');
    say(`  Cannot use containers (${reason}); using this machine's own servers.`);
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

/** Pulls with the client, because testcontainers cannot be interrupted and does not report why a pull failed. */
async function haveImage(image: string, say: (text: string) => void, { interrupted, tooLate }: Limits): Promise<void> {
  const signal = AbortSignal.any([interrupted, tooLate]);
  try {
    await run('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { signal });
    return;
  } catch {
    if (!signal.aborted) say(`  Pulling the image ${image}`);
  }
  try {
    await run('docker', ['pull', '--quiet', image], { signal });
  } catch (error) {
    const reason = tooLate.aborted
      ? `not pulled within ${IMAGES_TIMEOUT_MS / 1000} s`
      : (error as { stderr?: string }).stderr;
    throw new Error(`${image}: ${reason?.trim()}`);
  }
}

async function startBoth(): Promise<TestServers> {
  // The reaper of testcontainers needs another image; the containers are stopped here, also on Ctrl-C.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const { GenericContainer, getContainerRuntimeClient, PullPolicy, Wait } = await import('testcontainers');
  const engineHost = (await getContainerRuntimeClient()).info.containerRuntime.host;
  const host = (await isThisMachine(engineHost)) ? '127.0.0.1' : engineHost;

  class TestContainer extends GenericContainer {
    // By default, Docker publishes ports on all addresses and bypasses the firewall; testcontainers has no option for it.
    protected override async beforeContainerCreated() {
      if (host !== '127.0.0.1') return; // the loopback of a remote engine is not reachable
      const published: { HostIp?: string }[][] = Object.values(this.hostConfig.PortBindings ?? {});
      for (const binding of published.flat()) binding.HostIp = host;
    }
  }

  const password = newSecret();
  const starting = [
    new TestContainer(postgresImage)
      // The collation of the embedded PostgreSQL, not of the image.
      .withEnvironment({
        POSTGRES_PASSWORD: password,
        POSTGRES_INITDB_ARGS: '--locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C',
      })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=200'])
      .withExposedPorts(5432)
      // The first start initialises the data; only the second one listens on the network.
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
 * testcontainers identifies a local engine by `localhost` or, if it assumes that this machine is a container, by the address of
 * its bridge. A local address is one on which this process can listen; an idle bridge is not in the list of interfaces.
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
