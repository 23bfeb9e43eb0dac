import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { newSecret } from '../secrets.ts';
import type { TestServers } from './test-servers.ts';

// Long enough to fetch two images over a usual line; without a registry in reach nobody wants to wait longer.
const imagesWithin = 90_000;

/** PostgreSQL and RabbitMQ in containers; undefined, after saying why, where there is no engine or no image. */
export async function startContainers(
  say: (text: string) => void,
  interrupted: AbortSignal,
): Promise<TestServers | undefined> {
  if (!(await engineAnswers())) return undefined;
  try {
    const starting = startBoth();
    // Whatever comes up after we have given up must not stay.
    const tooLate = delay(imagesWithin, undefined, { signal: interrupted }).then(() => {
      starting.then(({ stop }) => stop()).catch(() => {});
      throw new Error(`the images could not be had within ${imagesWithin / 1000} s`);
    });
    return await Promise.race([starting, tooLate]);
  } catch (error) {
    interrupted.throwIfAborted();
    say(
      `  Containers are of no use here (${(error as Error).message.split('\n')[0]}): using this machine's own servers.`,
    );
    return undefined;
  }
}

async function engineAnswers(): Promise<boolean> {
  try {
    await promisify(execFile)('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

async function startBoth(): Promise<TestServers> {
  // Its reaper is one more image to fetch; we stop our containers ourselves, also on Ctrl-C.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const { GenericContainer, Wait } = await import('testcontainers');
  const password = newSecret();
  const starting = [
    new GenericContainer('postgres:17')
      .withEnvironment({ POSTGRES_PASSWORD: password })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
      .withExposedPorts(5432)
      // Its first start is the one that initialises; only the second one listens on the network.
      .withWaitStrategy(Wait.forLogMessage(/listening on IPv4 address/))
      .start(),
    new GenericContainer('rabbitmq:4-management')
      .withEnvironment({ RABBITMQ_DEFAULT_USER: 'test', RABBITMQ_DEFAULT_PASS: password })
      .withExposedPorts(5672, 15672)
      .withWaitStrategy(Wait.forLogMessage(/Server startup complete/))
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
  const at = ({ value }: typeof postgres, port: number) => `${value.getHost()}:${value.getMappedPort(port)}`;
  const urls = {
    TEST_POSTGRES_URL: `postgres://postgres:${password}@${at(postgres, 5432)}/postgres`,
    TEST_RABBITMQ_URL: `amqp://test:${password}@${at(rabbitmq, 5672)}`,
    TEST_RABBITMQ_MANAGEMENT_URL: `http://test:${password}@${at(rabbitmq, 15672)}`,
  };
  return { urls, stop };
}
