import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { Fault } from '@shop/chassis/base/fault.ts';
import type { Launch } from '../processes.ts';

export interface RabbitmqServer {
  folder: string;
  /** `metrics`: the port for Prometheus; without it there are no metrics. */
  ports: { amqp: number; management: number; distribution: number; epmd: number; metrics?: number };
  user: string;
  password: string;
}

// Erlang's name service (epmd) runs in the foreground in this process group: as the daemon that RabbitMQ would start itself,
// it would survive a kill. The server gets the stop request, and epmd ends after it.
const script = `
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & epmd=$!
"$RABBITMQ_SERVER" & server=$!
trap 'kill -TERM $server' TERM INT
wait $server; code=$?
while kill -0 $server 2>/dev/null; do wait $server; code=$?; done
kill $epmd
exit $code`;

// rabbitmqctl takes seconds to start on a busy machine; a frozen server never answers it.
const CTL_TIMEOUT_MS = 20_000;

/** The machine's rabbitmq-server; undefined if not installed. */
export function findRabbitmq(): string | undefined {
  // Debian's /usr/sbin/rabbitmq-server requires root or the user rabbitmq; the script behind it runs as any user.
  const folders = ['/usr/lib/rabbitmq/bin', ...(process.env.PATH ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, 'rabbitmq-server')).find((path) => existsSync(path));
}

/** Writes the configuration and returns how to start the broker, with private files and everything on 127.0.0.1. */
export function rabbitmqLaunch(server: RabbitmqServer): Launch {
  const binary = findRabbitmq();
  if (binary === undefined) throw new Fault('rabbitmq-server is not installed');
  const { folder } = server;
  mkdirSync(join(folder, 'conf.d'), { recursive: true, mode: 0o700 });
  const plugins = ['rabbitmq_management', ...(server.ports.metrics ? ['rabbitmq_prometheus'] : [])];
  writeFileSync(join(folder, 'enabled_plugins'), `[${plugins.join(',')}].\n`);
  writeFileSync(join(folder, 'rabbitmq.conf'), configuration(server), { mode: 0o600 });
  const env = { ...environmentOf(server), RABBITMQ_SERVER: binary };
  return { command: '/bin/sh', args: ['-c', script], env, cwd: folder, stopSignal: 'SIGTERM' };
}

/** Runs a rabbitmqctl command; false if it fails or takes too long. */
export async function rabbitmqctl(server: RabbitmqServer, args: readonly string[]): Promise<boolean> {
  const binary = join(dirname(findRabbitmq() ?? ''), 'rabbitmqctl');
  const env = {
    ...environmentOf(server),
    RABBITMQ_CTL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  return new Promise((resolve) => {
    execFile(binary, [...args], { env, cwd: server.folder, timeout: CTL_TIMEOUT_MS }, (error) =>
      resolve(error === null),
    );
  });
}

function environmentOf({ folder, ports }: RabbitmqServer): Record<string, string> {
  return {
    PATH: `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/usr/bin`,
    LANG: 'C.UTF-8',
    HOME: folder, // location of Erlang's cookie
    RABBITMQ_NODENAME: 'shop@localhost',
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-', // standard output: the part's log
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    // All of them are set, so that nothing in /etc/rabbitmq is read.
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: join(folder, 'conf.d'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
    // Distribution on loopback only, and no busy waiting, which makes an idle broker look busy.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none',
  };
}

/** The URL for AMQP clients. */
export function amqpUrl({ user, password, ports }: RabbitmqServer): string {
  return `amqp://${user}:${password}@127.0.0.1:${ports.amqp}`;
}

/** The URL of the management UI and API, with credentials. */
export function managementUrl({ user, password, ports }: RabbitmqServer): string {
  return `http://${user}:${password}@127.0.0.1:${ports.management}`;
}

/** Whether the broker speaks AMQP and its management API knows our user. */
export async function rabbitmqAnswers(server: RabbitmqServer): Promise<boolean> {
  return (await speaksAmqp(server.ports.amqp)) && (await managementAnswers(server));
}

async function managementAnswers({ ports, user, password }: RabbitmqServer): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${ports.management}/api/whoami`, {
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      signal: AbortSignal.timeout(2_000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** An open port is not enough: a starting or paused broker accepts connections but sends nothing. */
async function speaksAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2_000 });
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write(Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')));
    socket.once('data', (data) => finish(data[0] === 1)); // a method frame: Connection.Start
    for (const event of ['error', 'timeout', 'close']) socket.once(event, () => finish(false));
  });
}

function configuration({ ports, user, password }: RabbitmqServer): string {
  return `listeners.tcp.1 = 127.0.0.1:${ports.amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${ports.management}
default_user = ${user}
default_pass = ${password}
default_user_tags.administrator = true
log.console.level = info
# Written ahead before queues get it; the default of 512 MB is for servers.
raft.wal_max_size_bytes = 67108864
# As in RabbitMQ 4. Before it was 128 MiB, and a dead letter passes through the memory of a service.
max_message_size = 16777216
${ports.metrics ? `prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = ${ports.metrics}\n` : ''}`;
}
