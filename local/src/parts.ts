import { join } from 'node:path';
import type { Service } from '../../services.ts';
import { callsOf, keysOf, pages, serviceNamed, services, upstreamTargets } from '../../services.ts';
import { brokerOf, databaseUrl, portOf, serviceUrls, urlOf } from './addresses.ts';
import type { Part } from './control.ts';
import { repositoryRoot } from './folders.ts';
import { readJson } from './json-file.ts';
import type { Plan } from './plan.ts';
import { processNames, servicesOf } from './plan.ts';
import type { Launch } from './processes.ts';
import type { Secrets } from './secrets.ts';
import type { Targets } from './servers/monitoring.ts';
import { alertmanagerLaunch, prometheusLaunch } from './servers/monitoring.ts';
import type { PostgresServer } from './servers/postgres.ts';
import { postgresAnswers, postgresLaunch, removeStalePidFile, superuserUrl } from './servers/postgres.ts';
import type { RabbitmqServer } from './servers/rabbitmq.ts';
import { amqpUrl, rabbitmqAnswers, rabbitmqLaunch } from './servers/rabbitmq.ts';

export interface System {
  folder: string;
  plan: Plan;
  secrets: Secrets;
}

/** Names that a user may use besides those of single processes. */
export const partNames = [
  ...services.map(({ name }) => name),
  'broker',
  ...services.map(({ database }) => database.server),
  ...['maildev', 'gateway', pages.name, 'prometheus', 'alertmanager'],
];

/** The names of all parts of a plan, in the order in which they are stopped. */
export function allPartNames(plan: Plan): string[] {
  const monitoring = plan.monitoring ? ['prometheus', 'alertmanager'] : [];
  // A plan of an earlier version has no inbox.
  const inbox = plan.ports.maildev === undefined ? [] : ['maildev'];
  const servers = [...inbox, 'broker', ...databaseServers(plan)];
  return ['gateway', ...monitoring, ...pagesOf(plan), ...serviceProcesses(plan), ...servers];
}

/** The server of the pages; none in a plan that an earlier version made. */
export function pagesOf(plan: Plan): string[] {
  return plan.ports[pages.name] === undefined ? [] : [pages.name];
}

/** The processes of all services. */
export function serviceProcesses(plan: Plan): string[] {
  return servicesOf(plan).flatMap(({ name }) => processNames(name, plan.processes[name]));
}

export function databaseServers(plan: Plan): string[] {
  return servicesOf(plan).map(({ database }) => database.server);
}

/** The parts that a name means: `order` is all its processes, `order-2` is one of them; none if unknown. */
export function partsNamed(plan: Plan, name: string): string[] {
  const service = servicesOf(plan).find((one) => one.name === name);
  if (service) return processNames(service.name, plan.processes[service.name]);
  return allPartNames(plan).filter((one) => one === name);
}

/** How a part is started and checked. */
export function partOf(system: System, name: string): Part {
  const { folder } = system;
  const files = { name, record: join(folder, 'parts', `${name}.json`), log: join(folder, 'logs', `${name}.log`) };
  if (databaseServers(system.plan).includes(name)) {
    const server = postgresOf(system, name);
    return {
      ...files,
      prepare: () => removeStalePidFile(server.folder),
      launch: () => postgresLaunch(server),
      answers: () => postgresAnswers(superuserUrl(server)),
    };
  }
  if (name === 'broker') {
    const server = rabbitmqOf(system);
    return { ...files, launch: () => rabbitmqLaunch(server), answers: () => rabbitmqAnswers(server) };
  }
  if (name === 'prometheus' || name === 'alertmanager') {
    const data = join(folder, 'data', name);
    const port = portOf(system.plan, name);
    const launch = () =>
      name === 'prometheus' ? prometheusLaunch(data, port, targetsOf(system.plan)) : alertmanagerLaunch(data, port);
    return { ...files, launch, answers: () => respondsOk(`${urlOf(system.plan, name)}/-/ready`) };
  }
  if (name === 'maildev') {
    return {
      ...files,
      launch: () => maildevLaunch(system),
      answers: () => respondsOk(`${urlOf(system.plan, name)}/api/healthz`),
    };
  }
  if (name === 'gateway') {
    return { ...files, launch: () => gatewayLaunch(system), answers: () => respondsOk(urlOf(system.plan, name)) };
  }
  if (name === pages.name) {
    const answers = () => respondsOk(`${urlOf(system.plan, name)}/health/ready`);
    return { ...files, launch: () => pagesLaunch(system.plan), answers };
  }
  const service = services.find((one) => processNames(one.name, system.plan.processes[one.name]).includes(name));
  if (service === undefined) throw new Error(`unknown part ${name}`);
  return {
    ...files,
    launch: () => serviceLaunch(system, service, name),
    answers: () => respondsOk(`${urlOf(system.plan, name)}/health/ready`),
  };
}

/** A service's database server. */
export function postgresOf({ folder, plan, secrets }: System, name: string): PostgresServer {
  return {
    folder: join(folder, 'data', name),
    port: portOf(plan, name),
    superuserPassword: secrets.postgresPassword,
    durable: true,
  };
}

/** The broker's server. */
export function rabbitmqOf({ folder, plan, secrets }: System): RabbitmqServer {
  return brokerOf(plan, secrets, join(folder, 'data', 'broker'));
}

/** A program of this repository on the current Node, with only the environment variables that it needs. */
export function nodeLaunch(script: string, environment: Record<string, string>, flags: string[] = []): Launch {
  const inherited = ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE'];
  const kept = Object.fromEntries(inherited.map((name) => [name, process.env[name]]));
  return {
    command: process.execPath,
    args: [...flags, script],
    env: { ...kept, ...environment },
    cwd: repositoryRoot(),
    stopSignal: 'SIGTERM',
  };
}

/**
 * V8 sizes its heap by the machine: on a large one it lets a service keep 150 MB of short-lived garbage, and since few objects
 * survive here, it collects all of it three times a second. The limits in the services' start scripts keep a service below
 * 250 MB under load; order-service, whose collector took a third of its time, starts collecting old objects at 96 MB
 * (docs/adr/0015). The images use the same limits.
 */
function heapFlags({ folder }: Service): string[] {
  const { scripts } = readJson<{ scripts: { start: string } }>(join(repositoryRoot(), folder, 'package.json')) ?? {};
  return (scripts?.start ?? '').split(' ').filter((word) => word.startsWith('--'));
}

function serviceLaunch({ plan, secrets }: System, service: Service, name: string): Launch {
  const environment = {
    HOST: '127.0.0.1',
    PORT: String(portOf(plan, name)),
    DATABASE_URL: databaseUrl(plan, secrets, service.name, 'service'),
    RABBITMQ_URL: amqpUrl(brokerOf(plan, secrets, '')),
    GATEWAY_TOKEN: plan.deck.DECK_GATEWAY_TOKEN ?? '',
    GATEWAY_KEYLESS_TOKEN: plan.deck.DECK_GATEWAY_KEYLESS_TOKEN ?? '',
    ...Object.fromEntries(callsOf(service).map(({ variable, token }) => [variable, secrets[token]])),
    ...Object.fromEntries(keysOf(service).map(({ variable, key }) => [variable, secrets[key]])),
    JWKS_URL: serviceUrls(plan, 'account')
      .map((url) => `${url}/.well-known/jwks.json`)
      .join(','),
    LOG_LEVEL: 'info',
    PUBLIC_URL: urlOf(plan, 'gateway'),
    // The gateway checks every second and waits a second for the response: by then it sends no more requests here.
    DRAIN_SECONDS: '3',
    // Memory of this size goes back to the system when it is freed, as in the images. By default glibc keeps that of password hashes,
    // 19 MiB for each of Node's threads.
    MALLOC_MMAP_THRESHOLD_: '1048576',
    ...Object.fromEntries(
      service.asks
        .map(serviceNamed)
        .map(({ name, variable }) => [`${variable}_URL`, serviceUrls(plan, name).join(',')]),
    ),
    ...service.settings,
    ...('SMTP_URL' in service.settings && { SMTP_URL: `smtp://127.0.0.1:${portOf(plan, 'maildev-smtp')}` }),
    ...plan.settings[service.name],
  };
  const names = processNames(service.name, plan.processes[service.name]);
  const flags = [
    ...heapFlags(service),
    // The part's process is then Node's watcher, and the service is its child.
    ...(plan.watch ? ['--watch', '--watch-preserve-output'] : []),
    ...(plan.inspect ? [`--inspect=127.0.0.1:${service.inspectorPort + names.indexOf(name)}`] : []),
  ];
  return nodeLaunch(`${service.folder}/src/main.ts`, environment, flags);
}

/** The targets of Prometheus by job. The local gateway has no metrics, and there are no exporters. */
function targetsOf(plan: Plan): Targets {
  const at = (...names: string[]) => names.map((name) => `127.0.0.1:${portOf(plan, name)}`);
  return {
    ...Object.fromEntries(
      servicesOf(plan).map(({ name, folder }) => [folder, at(...processNames(name, plan.processes[name]))]),
    ),
    rabbitmq: at('broker-metrics'),
    'rabbitmq-queues': at('broker-metrics'),
    prometheus: at('prometheus'),
    alertmanager: at('alertmanager'),
  };
}

function pagesLaunch(plan: Plan): Launch {
  return nodeLaunch('web/server/src/main.ts', {
    HOST: '127.0.0.1',
    PORT: String(portOf(plan, pages.name)),
    BUNDLE: plan.bundle,
    DRAIN_SECONDS: '3',
  });
}

/** The file of clients that were created by command. It is next to the secrets, not in the data: `--fresh` keeps it. */
export function clientsFileOf(folder: string): string {
  return join(folder, 'clients.json');
}

function gatewayLaunch({ folder, plan }: System): Launch {
  const targets = ({ name }: Service | typeof pages) =>
    (name === pages.name ? pagesOf(plan).map((one) => urlOf(plan, one)) : serviceUrls(plan, name)).map(
      (url) => new URL(url).host,
    );
  return nodeLaunch('kong/stand-in/main.ts', {
    HOST: '127.0.0.1',
    PORT: String(portOf(plan, 'gateway')),
    CLIENTS_FILE: clientsFileOf(folder),
    PUBLIC_URL: urlOf(plan, 'gateway'),
    UPSTREAMS: JSON.stringify(upstreamTargets(servicesOf(plan), targets)),
    ...plan.deck,
  });
}

/** The inbox of development: it takes every mail and delivers none. */
function maildevLaunch({ folder, plan }: System): Launch {
  return nodeLaunch('node_modules/maildev/dist/bin/maildev.js', {
    MAILDEV_IP: '127.0.0.1',
    MAILDEV_SMTP_PORT: String(portOf(plan, 'maildev-smtp')),
    MAILDEV_WEB_IP: '127.0.0.1',
    MAILDEV_WEB_PORT: String(portOf(plan, 'maildev')),
    MAILDEV_MAX_EMAILS: '1000',
    // Its default is a folder of the machine, which two systems would share.
    MAILDEV_MAIL_DIRECTORY: join(folder, 'data', 'maildev'),
  });
}

async function respondsOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
