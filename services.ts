/**
 * The registry: every service of the system, once. What starts, routes, measures, backs up, deploys or documents services
 * reads it, so a service is its own folder and an entry here (docs/adding-a-service.md). What follows from the name is
 * derived below, so that it is the same everywhere.
 */

/** What an entry says. */
interface Entry {
  /** One word: of the processes (`order-1`), of the database server (`order-db`), of roles, secrets and variables. */
  readonly name: string;
  /** In paths at the gateway: `/health/<path>`, `/docs/<path>.json`, `/operations/<path>`. */
  readonly path: string;
  /** What it answers for, in a few words, for the README. */
  readonly about: string;
  /** Its database's name, on a server of its own. */
  readonly database: string;
  /** The services that it calls over HTTP, by name: it gets the address of each as `<NAME>_URL`, and a token for it. */
  readonly asks: readonly string[];
  /** Keys that it alone has, in one or two words: `master_key` becomes `<NAME>_MASTER_KEY`. Each is rotated like a token. */
  readonly keys: readonly string[];
  /** The option of `npm start` that says how many of its processes run. */
  readonly countOption: string;
  /** Processes under Compose and on the host. */
  readonly replicas: number;
  /** Where a debugger finds its first process with `npm start -- --inspect`, the second one port further, and so on; .vscode/launch.json names it. */
  readonly inspectorPort: number;
}

const entries = [
  {
    name: 'order',
    path: 'orders',
    about: 'orders: placing, cancelling, shipping, delivering',
    database: 'orders',
    asks: ['inventory'],
    keys: [],
    countOption: 'orders',
    replicas: 2,
    inspectorPort: 9229,
  },
  {
    name: 'inventory',
    path: 'inventory',
    about: 'products, stock, reservations',
    database: 'inventory',
    asks: [],
    keys: [],
    countOption: 'inventories',
    replicas: 2,
    inspectorPort: 9239,
  },
  {
    name: 'account',
    path: 'accounts',
    about: 'people who sign in',
    database: 'accounts',
    asks: [],
    keys: ['master_key'],
    countOption: 'accounts',
    replicas: 2,
    inspectorPort: 9249,
  },
] as const satisfies readonly Entry[];

export type ServiceName = (typeof entries)[number]['name'];

/** The port on which a service listens in its container. */
export const SERVICE_PORT = 3000;

export interface Service extends Omit<Entry, 'database' | 'asks' | 'keys'> {
  readonly name: ServiceName;
  readonly path: (typeof entries)[number]['path'];
  readonly asks: readonly ServiceName[];
  /** Its workspace; also its name at the gateway, under Compose, of its image, in logs, metrics and messages. */
  readonly folder: string;
  /** What decK and the local gateway balance over. */
  readonly upstream: string;
  /** Its OpenAPI document, from the root of the repository. */
  readonly openapi: string;
  /** `ORDER`: what the names of its variables begin with. */
  readonly variable: string;
  readonly database: {
    readonly name: string;
    /** The server: a part of `npm start`, a service and a volume of Compose. */
    readonly server: string;
    /** The role that owns the schema and migrates it, and the one that the service uses, which owns nothing. */
    readonly owner: string;
    readonly role: string;
  };
}

type KeyWord = (typeof entries)[number]['keys'][number];

/** A key that one service alone has. */
export interface ServiceKey {
  readonly service: ServiceName;
  /** The secret; in `npm start` and on a host. */
  readonly key: `${ServiceName}_${KeyWord}`;
  readonly variable: string;
}

/** All of them. */
export const serviceKeys: readonly ServiceKey[] = entries.flatMap(({ name, keys }) =>
  (keys as readonly KeyWord[]).map((word): ServiceKey => {
    const key = `${name}_${word}` as const;
    return { service: name, key, variable: key.toUpperCase() };
  }),
);

/** Those of this service. */
export function keysOf({ name }: Pick<Service, 'name'>): ServiceKey[] {
  return serviceKeys.filter(({ service }) => service === name);
}

/** In the order in which they are listed to people: a service stands before those that it asks. */
export const services: readonly Service[] = entries.map((entry) => ({
  ...entry,
  folder: `${entry.name}-service`,
  upstream: `${entry.name}-service.upstream`,
  openapi: `${entry.name}-service/openapi.json`,
  variable: entry.name.toUpperCase(),
  database: {
    name: entry.database,
    server: `${entry.name}-db`,
    owner: `${entry.name}_owner`,
    role: `${entry.name}_service`,
  },
}));

/** Those that are asked first: what is started or replaced one after the other goes in this order. */
export const inOrderOfStart: readonly Service[] = services.toReversed();

/** A service that calls another, and what the token is called by which that one knows it. */
export interface Call {
  readonly caller: ServiceName;
  readonly callee: ServiceName;
  /** The secret; in `npm start`, on a host and in the variables of both services. */
  readonly token: `${ServiceName}_to_${ServiceName}_token`;
  readonly variable: string;
}

/** Who calls whom. */
export const calls: readonly Call[] = services.flatMap(({ name: caller, asks }) =>
  asks.map((callee): Call => {
    const token = `${caller}_to_${callee}_token` as const;
    return { caller, callee, token, variable: token.toUpperCase() };
  }),
);

/** Those in which this service takes part. */
export function callsOf({ name }: Service): Call[] {
  return calls.filter(({ caller, callee }) => caller === name || callee === name);
}

/** What the gateway balances the pages below `/docs` over: every process of every service has them (docs/adr/0036). */
export const DOCS_UPSTREAM = 'docs-pages.upstream';

/** For the local gateway, which wants the address of each process: what it balances over, by upstream. */
export function upstreamTargets(
  among: readonly Service[],
  addressesOf: (service: Service) => readonly string[],
): Record<string, string[]> {
  const own = Object.fromEntries(among.map((service) => [service.upstream, [...addressesOf(service)]]));
  return { ...own, [DOCS_UPSTREAM]: Object.values(own).flat() };
}

/** The service of this name. */
export function serviceNamed(name: ServiceName): Service {
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
}

/** Something for each service, by its name. */
export function ofEachService<Value>(make: (service: Service) => Value): Record<ServiceName, Value> {
  return Object.fromEntries(services.map((service) => [service.name, make(service)])) as Record<ServiceName, Value>;
}
