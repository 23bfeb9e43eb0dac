import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Service, ServiceName } from '../../services.ts';
import { ofEachService, services } from '../../services.ts';
import { readJson, writeJson } from './json-file.ts';
import { choosePorts } from './ports.ts';
import type { ProcessId } from './processes.ts';
import type { Secrets } from './secrets.ts';

/** What `npm start` decided and every later command needs; kept in state.json, for after a crash too. */
export interface Plan {
  /** The `npm start` that brought the system up. In the foreground it stays until the system ends. */
  startedBy: ProcessId;
  mode: 'foreground' | 'detached';
  /** Set when all parts answered. Without it, parts of a dead `npm start` are leftovers of a failed one. */
  ready: boolean;
  processes: Record<ServiceName, number>;
  /** With Prometheus and Alertmanager. */
  monitoring: boolean;
  /** The services restart when a source file changes. */
  watch: boolean;
  /** The services let a debugger attach. */
  inspect: boolean;
  ports: Record<string, number>;
  /** What kong.yml reads: keys, the token, the rate. */
  deck: Record<string, string>;
  /** Settings for one service, from variables that begin with its name, such as ORDER_SERVICE_LOG_LEVEL. */
  settings: Record<ServiceName, Record<string, string>>;
}

export interface PlanRequest {
  port: number;
  processes: Record<ServiceName, number>;
  monitoring: boolean;
  watch: boolean;
  inspect: boolean;
  mode: Plan['mode'];
  startedBy: ProcessId;
}

/** The plan of the running or last system in this folder. */
export function readPlan(folder: string): Plan | undefined {
  return readJson<Plan>(planPath(folder));
}

export function savePlan(folder: string, plan: Plan): void {
  writeJson(planPath(folder), plan);
}

/** Forgets the plan, so that nothing can be restarted on data that is gone. */
export function removePlan(folder: string): void {
  rmSync(planPath(folder), { force: true });
}

/** A plan with the ports of the last one where they are still free. */
export async function makePlan(
  request: PlanRequest,
  secrets: Secrets,
  environment: NodeJS.ProcessEnv,
  last: Plan | undefined,
): Promise<Plan> {
  const { processes } = request;
  const names = [
    ...services.map(({ database }) => database.server),
    'broker',
    'broker-management',
    'broker-distribution',
    'broker-epmd',
    ...services.flatMap(({ name }) => processNames(name, processes[name])),
    ...(request.monitoring ? ['broker-metrics', 'prometheus', 'alertmanager'] : []),
  ];
  return {
    startedBy: request.startedBy,
    mode: request.mode,
    ready: false,
    processes,
    monitoring: request.monitoring,
    watch: request.watch,
    inspect: request.inspect,
    ports: { ...(await choosePorts(names, last?.ports)), gateway: request.port },
    deck: deckVariables(secrets, environment),
    settings: ofEachService(({ variable }) => settingsFor(`${variable}_SERVICE_`, environment)),
  };
}

/** The services that a plan was made for: one that was registered since then has no part in it. */
export function servicesOf(plan: Plan): Service[] {
  return services.filter(({ name }) => plan.processes[name] !== undefined);
}

/** order-1, order-2, … */
export function processNames(service: ServiceName, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);
}

/** The gateway's variables: what the caller's environment sets wins over what was made here. */
export function deckVariables(secrets: Secrets, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith('DECK_') && value);
  return {
    DECK_STOREFRONT_KEY: secrets.storefrontKey,
    DECK_OTHER_STOREFRONT_KEY: secrets.otherStorefrontKey,
    DECK_BACKOFFICE_KEY: secrets.backofficeKey,
    DECK_OPERATIONS_KEY: secrets.operationsKey,
    DECK_GATEWAY_TOKEN: secrets.gatewayToken,
    DECK_RATE_LIMIT_PER_MINUTE: '60000',
    DECK_ROUTE_PROTOCOLS: '[http, https]',
    DECK_TRACING_ENABLED: 'false',
    DECK_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces',
    ...Object.fromEntries(given),
  };
}

/** The standard variables of OpenTelemetry mean every service. */
function settingsFor(prefix: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment);
  const standard = given.filter(([name]) => name.startsWith('OTEL_'));
  const own = given.flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []));
  return Object.fromEntries([...standard, ...own]);
}

function planPath(folder: string): string {
  return join(folder, 'state.json');
}
