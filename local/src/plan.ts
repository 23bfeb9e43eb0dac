import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Service, ServiceName } from '../../services.ts';
import { ofEachService, pages, services } from '../../services.ts';
import { readJson, writeJson } from './json-file.ts';
import { choosePorts } from './ports.ts';
import type { ProcessId } from './processes.ts';
import type { Secrets } from './secrets.ts';

/** What `npm start` decided and every later command needs; stored in state.json, so that it survives a crash. */
export interface Plan {
  /** The `npm start` that started the system. In the foreground it runs as long as the system. */
  startedBy: ProcessId;
  mode: 'foreground' | 'detached';
  /** Set when all parts are ready. Without it, parts of a dead `npm start` are leftovers of a failed one. */
  ready: boolean;
  processes: Record<ServiceName, number>;
  /** With Prometheus and Alertmanager. */
  monitoring: boolean;
  /** The services restart when a source file changes. */
  watch: boolean;
  /** The services accept a debugger. */
  inspect: boolean;
  /** The folder of the bundle of the pages. */
  bundle: string;
  ports: Record<string, number>;
  /** The variables of kong.yml: keys, the token, the rate limit. */
  deck: Record<string, string>;
  /** Settings for one service, from variables with its name as a prefix, such as ORDER_SERVICE_LOG_LEVEL. */
  settings: Record<ServiceName, Record<string, string>>;
}

export interface PlanRequest {
  port: number;
  processes: Record<ServiceName, number>;
  monitoring: boolean;
  watch: boolean;
  inspect: boolean;
  bundle: string;
  mode: Plan['mode'];
  startedBy: ProcessId;
}

/** The plan of the running or most recent system in this folder. */
export function readPlan(folder: string): Plan | undefined {
  return readJson<Plan>(planPath(folder));
}

export function savePlan(folder: string, plan: Plan): void {
  writeJson(planPath(folder), plan);
}

/** Deletes the plan, so that nothing can be restarted on deleted data. */
export function removePlan(folder: string): void {
  rmSync(planPath(folder), { force: true });
}

/** A new plan, with the ports of the previous one where they are still free. */
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
    pages.name,
    'maildev',
    'maildev-smtp',
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
    bundle: request.bundle,
    ports: { ...(await choosePorts(names, last?.ports)), gateway: request.port },
    deck: deckVariables(secrets, environment),
    settings: ofEachService(({ variable }) => settingsFor(`${variable}_SERVICE_`, environment)),
  };
}

/** The services in a plan, without any that were registered since it was made. */
export function servicesOf(plan: Plan): Service[] {
  return services.filter(({ name }) => plan.processes[name] !== undefined);
}

/** order-1, order-2, … */
export function processNames(service: ServiceName, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${service}-${index + 1}`);
}

/** The gateway's variables: the caller's environment takes precedence over generated secrets. */
export function deckVariables(secrets: Secrets, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith('DECK_') && value);
  return {
    DECK_STOREFRONT_KEY: secrets.storefrontKey,
    DECK_OTHER_STOREFRONT_KEY: secrets.otherStorefrontKey,
    DECK_BACKOFFICE_KEY: secrets.backofficeKey,
    DECK_OPERATIONS_KEY: secrets.operationsKey,
    DECK_GATEWAY_TOKEN: secrets.gatewayToken,
    DECK_GATEWAY_KEYLESS_TOKEN: secrets.gatewayKeylessToken,
    DECK_RATE_LIMIT_PER_MINUTE: '60000',
    DECK_ROUTE_PROTOCOLS: '[http, https]',
    DECK_TRACING_ENABLED: 'false',
    DECK_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces',
    ...Object.fromEntries(given),
  };
}

/** The standard OpenTelemetry variables apply to every service. */
function settingsFor(prefix: string, environment: NodeJS.ProcessEnv): Record<string, string> {
  const given = Object.entries(environment);
  const standard = given.filter(([name]) => name.startsWith('OTEL_'));
  const own = given.flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : []));
  return Object.fromEntries([...standard, ...own]);
}

function planPath(folder: string): string {
  return join(folder, 'state.json');
}
