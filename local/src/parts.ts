import { join } from 'node:path';
import { brokerOf, databaseUrl, portOf, serviceUrls, urlOf } from './addresses.ts';
import type { Part } from './control.ts';
import { repositoryRoot } from './folders.ts';
import type { Plan } from './plan.ts';
import { processNames } from './plan.ts';
import type { Launch } from './processes.ts';
import type { Secrets } from './secrets.ts';
import type { Targets } from './servers/monitoring.ts';
import { alertmanagerLaunch, prometheusLaunch } from './servers/monitoring.ts';
import type { PostgresServer } from './servers/postgres.ts';
import { postgresAnswers, postgresLaunch, removeStalePidFile, superuserUrl } from './servers/postgres.ts';
import type { RabbitmqServer } from './servers/rabbitmq.ts';
import { amqpUrl, rabbitmqAnswers, rabbitmqLaunch } from './servers/rabbitmq.ts';

export type System = { folder: string; plan: Plan; secrets: Secrets };

/** What a user may name besides the single processes. */
export const partNames = [
  ...['order', 'inventory', 'broker', 'order-db', 'inventory-db', 'gateway'],
  ...['prometheus', 'alertmanager'],
] as const;

/** The names of all parts of a plan, in the order in which they are ended. */
export function allPartNames(plan: Plan): string[] {
  const services = [
    ...processNames('order', plan.processes.order),
    ...processNames('inventory', plan.processes.inventory),
  ];
  const monitoring = plan.monitoring ? ['prometheus', 'alertmanager'] : [];
  return ['gateway', ...monitoring, ...services, 'broker', 'order-db', 'inventory-db'];
}

/** The single parts that a name stands for: `order` is all its processes, `order-2` one of them; none if unknown. */
export function partsNamed(plan: Plan, name: string): string[] {
  if (name === 'order' || name === 'inventory') return processNames(name, plan.processes[name]);
  return allPartNames(plan).filter((one) => one === name);
}

/** How one part is started and asked whether it is there. */
export function partOf(system: System, name: string): Part {
  const { folder } = system;
  const files = { name, record: join(folder, 'parts', `${name}.json`), log: join(folder, 'logs', `${name}.log`) };
  if (name === 'order-db' || name === 'inventory-db') {
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
  if (name === 'gateway') {
    return { ...files, launch: () => gatewayLaunch(system), answers: () => respondsOk(urlOf(system.plan, name)) };
  }
  return {
    ...files,
    launch: () => serviceLaunch(system, name),
    answers: () => respondsOk(`${urlOf(system.plan, name)}/health/ready`),
  };
}

/** One of the two database servers. */
export function postgresOf({ folder, plan, secrets }: System, name: 'order-db' | 'inventory-db'): PostgresServer {
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

/** A program of this repository under the Node that runs this, with only what it needs of our environment. */
export function nodeLaunch(script: string, environment: Record<string, string>, flags: string[] = []): Launch {
  const inherited = ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'];
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
 * V8 sizes its heap by the machine: on a large one it lets a service keep 150 MB of short-lived garbage, and while little
 * lives, as here, it collects all of it three times a second. These limits hold a service below 250 MB under load;
 * order-service, whose collector took a third of its time, begins to look at old objects at 96 MB (docs/adr/0015). The
 * services' own start scripts and images say the same.
 */
export const HEAP_FLAGS = {
  order: [
    '--max-semi-space-size=16',
    '--initial-old-space-size=96',
    '--max-old-space-size=256',
    '--no-parallel-scavenge',
  ],
  inventory: ['--max-semi-space-size=8', '--max-old-space-size=256'],
};

function serviceLaunch({ plan, secrets }: System, name: string): Launch {
  const service = name.startsWith('order-') ? 'order' : 'inventory';
  const environment = {
    HOST: '127.0.0.1',
    PORT: String(portOf(plan, name)),
    DATABASE_URL: databaseUrl(plan, secrets, service, 'service'),
    RABBITMQ_URL: amqpUrl(brokerOf(plan, secrets, '')),
    GATEWAY_TOKEN: plan.deck.DECK_GATEWAY_TOKEN ?? '',
    INTERNAL_TOKEN: secrets.internalToken,
    LOG_LEVEL: 'info',
    PUBLIC_URL: urlOf(plan, 'gateway'),
    // The gateway asks every second and waits a second for the answer: by then it has stopped sending requests here.
    DRAIN_SECONDS: '3',
    ...(service === 'order' ? { INVENTORY_URL: serviceUrls(plan, 'inventory').join(',') } : {}),
    ...plan.settings[service],
  };
  const flags = [
    ...HEAP_FLAGS[service],
    // Node's own watcher is then the part's process, and the service its child.
    ...(plan.watch ? ['--watch', '--watch-preserve-output'] : []),
    ...(plan.inspect ? [`--inspect=127.0.0.1:${inspectorPort(name)}`] : []),
  ];
  return nodeLaunch(`${service}-service/src/main.ts`, environment, flags);
}

/** Where a debugger finds a process of a service: fixed ports, because .vscode/launch.json names them. */
export function inspectorPort(name: string): number {
  const [service, number] = name.split('-');
  return (service === 'order' ? 9229 : 9239) + Number(number) - 1;
}

/** Whom Prometheus asks, job by job. The local gateway measures nothing, and there are no exporters. */
function targetsOf(plan: Plan): Targets {
  const at = (...names: string[]) => names.map((name) => `127.0.0.1:${portOf(plan, name)}`);
  return {
    'order-service': at(...processNames('order', plan.processes.order)),
    'inventory-service': at(...processNames('inventory', plan.processes.inventory)),
    rabbitmq: at('broker-metrics'),
    'rabbitmq-queues': at('broker-metrics'),
    prometheus: at('prometheus'),
    alertmanager: at('alertmanager'),
  };
}

/** The clients that were made here by command. With the secrets, not the data: `--fresh` keeps them. */
export function clientsFileOf(folder: string): string {
  return join(folder, 'clients.json');
}

function gatewayLaunch({ folder, plan }: System): Launch {
  const targets = (service: 'order' | 'inventory') => serviceUrls(plan, service).map((url) => new URL(url).host);
  return nodeLaunch('kong/stand-in/main.ts', {
    HOST: '127.0.0.1',
    PORT: String(portOf(plan, 'gateway')),
    CLIENTS_FILE: clientsFileOf(folder),
    PUBLIC_URL: urlOf(plan, 'gateway'),
    UPSTREAMS: JSON.stringify({
      'order-service.upstream': targets('order'),
      'inventory-service.upstream': targets('inventory'),
    }),
    ...plan.deck,
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
