/**
 * The registry of all services. All tools that start, route, monitor, back up, deploy or document services read it, so a
 * service consists of its folder and an entry here (docs/adding-a-service.md). Values that depend on the name are derived
 * below.
 */

/** An entry of the registry. */
interface Entry {
  /** One word, used in the names of processes (`order-1`), the database server (`order-db`), roles, secrets and variables. */
  readonly name: string;
  /** Used in paths at the gateway: `/health/<path>`, `/docs/<path>.json`, `/operations/<path>`. */
  readonly path: string;
  /** Its responsibility in a few words, for the README. */
  readonly about: string;
  /** Name of its database, which is on a separate server. */
  readonly database: string;
  /** Names of the services that it calls over HTTP. For each it gets the address as `<NAME>_URL`, and a token. */
  readonly asks: readonly string[];
  /** Its own keys, in one or two words: `master_key` becomes `<NAME>_MASTER_KEY`. Each is rotated like a token. */
  readonly keys: readonly string[];
  /** Settings that the operator may give it under Compose and on a host, with their values under Compose (empty: none). */
  readonly settings: Readonly<Record<string, string>>;
  /** Those of the settings that hold a password. On a host each is a file among the secrets, which may be empty. */
  readonly secretSettings: readonly string[];
  /** Whether it calls servers outside, so that it needs a network with external access. */
  readonly callsOutside: boolean;
  /** The option of `npm start` for the number of its processes. */
  readonly countOption: string;
  /** Number of processes under Compose and on the host. */
  readonly replicas: number;
  /** Inspector port of its first process with `npm start -- --inspect`; the others use the following ports. */
  readonly inspectorPort: number;
}

const entries = [
  {
    name: 'notification',
    path: 'notifications',
    about: 'mails to people',
    database: 'notifications',
    asks: ['account'],
    keys: [],
    settings: { SMTP_URL: 'smtp://maildev:1025', MAIL_FROM: 'Shop <no-reply@shop.localhost>' },
    secretSettings: ['SMTP_URL'],
    callsOutside: true,
    countOption: 'notifications',
    replicas: 2,
    inspectorPort: 9259,
  },
  {
    name: 'account',
    path: 'accounts',
    about: 'people who sign in',
    database: 'accounts',
    asks: ['order'],
    keys: ['master_key'],
    settings: {},
    secretSettings: [],
    callsOutside: false,
    countOption: 'accounts',
    replicas: 2,
    inspectorPort: 9249,
  },
  {
    name: 'order',
    path: 'orders',
    about: 'orders: placing, cancelling, shipping, delivering',
    database: 'orders',
    asks: ['inventory'],
    keys: [],
    settings: {},
    secretSettings: [],
    callsOutside: false,
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
    settings: {},
    secretSettings: [],
    callsOutside: false,
    countOption: 'inventories',
    replicas: 2,
    inspectorPort: 9239,
  },
] as const satisfies readonly Entry[];

export type ServiceName = (typeof entries)[number]['name'];

/** The port of a service in its container. */
export const SERVICE_PORT = 3000;

export interface Service extends Omit<Entry, 'database' | 'asks' | 'keys'> {
  readonly name: ServiceName;
  readonly path: (typeof entries)[number]['path'];
  readonly asks: readonly ServiceName[];
  /** Its workspace; also its name at the gateway, under Compose, in logs, metrics and messages, and the name of its image. */
  readonly folder: string;
  /** The upstream of the gateway. */
  readonly upstream: string;
  /** Its OpenAPI document, relative to the root of the repository. */
  readonly openapi: string;
  /** Prefix of its variables: `ORDER`. */
  readonly variable: string;
  readonly database: {
    readonly name: string;
    /** The name of the server in `npm start`, and of its service and volume in Compose. */
    readonly server: string;
    /** The role that owns and migrates the schema, and the role of the service, which owns nothing. */
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

/** In the order of display: a service comes before those that it calls. */
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

/** In the order of start and replacement: a called service comes before its callers. */
export const inOrderOfStart: readonly Service[] = services.toReversed();

/** A service that calls another, and the token that authenticates it. */
export interface Call {
  readonly caller: ServiceName;
  readonly callee: ServiceName;
  /** Name of the secret, in `npm start`, on a host and in the variables of both services. */
  readonly token: `${ServiceName}_to_${ServiceName}_token`;
  readonly variable: string;
}

/** All calls between services. */
export const calls: readonly Call[] = services.flatMap(({ name: caller, asks }) =>
  asks.map((callee): Call => {
    const token = `${caller}_to_${callee}_token` as const;
    return { caller, callee, token, variable: token.toUpperCase() };
  }),
);

/** The calls from and to this service. */
export function callsOf({ name }: Service): Call[] {
  return calls.filter(({ caller, callee }) => caller === name || callee === name);
}

/** The upstream of the pages below `/docs`, which every process of every service serves (docs/adr/0036). */
export const DOCS_UPSTREAM = 'docs-pages.upstream';

/**
 * The server of the pages for people. It is no service: it has no database, no messages and no API, and serves static files
 * (docs/adr/0042).
 */
export const pages = {
  name: 'web',
  folder: 'web',
  upstream: 'web.upstream',
  /** Number of processes under Compose and on the host; one in `npm start`. */
  replicas: 2,
} as const;

const FIRST_DOCUMENT = 'orders' satisfies Service['path'];
/** The documents of the services, as `/docs` shows them: what most readers look for comes first. */
export const documentPaths: readonly string[] = [
  FIRST_DOCUMENT,
  ...services.map(({ path }) => path).filter((path) => path !== FIRST_DOCUMENT),
];

/** The addresses of all processes by upstream, for the local gateway, which needs the address of each process. */
export function upstreamTargets(
  among: readonly Service[],
  addressesOf: (process: Service | typeof pages) => readonly string[],
): Record<string, string[]> {
  const own = Object.fromEntries(among.map((service) => [service.upstream, [...addressesOf(service)]]));
  return { ...own, [DOCS_UPSTREAM]: Object.values(own).flat(), [pages.upstream]: [...addressesOf(pages)] };
}

/** The service with this name. */
export function serviceNamed(name: ServiceName): Service {
  const found = services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
}

/** A value for each service, by name. */
export function ofEachService<Value>(make: (service: Service) => Value): Record<ServiceName, Value> {
  return Object.fromEntries(services.map((service) => [service.name, make(service)])) as Record<ServiceName, Value>;
}
