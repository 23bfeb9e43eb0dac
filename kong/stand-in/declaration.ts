import { parseDocument } from 'yaml';
import { z } from 'zod';
import { fillIn } from './defaults.ts';
import { callersIn, isKeyGuard } from './key-guard.ts';
import { compareRank, type HeaderMatcher, overlaps, parseHeader, parsePath, type RouteMatcher } from './routing.ts';

/**
 * Reads kong.yml as decK does (variables, then YAML, then defaults) and refuses settings that the gateway does not implement:
 * every object is strict, and where Kong's default differs from the behaviour here, a literal is required. Errors name fields
 * and never values, because the text contains secrets.
 */

const tags = z.array(z.string()).optional(); // no effect on requests
const name = z.string().min(1);
const seconds = z.number().nonnegative();
const headerPair = z.string().regex(/^[A-Za-z0-9-]+:[^\s:$][^$\r\n]*$/, 'must be Name:value, not empty and without $');

const keyAuth = z.strictObject({
  key_names: z.array(z.string().toLowerCase()).min(1).default(['apikey']),
  key_in_header: z.literal(true).default(true),
  key_in_query: z.literal(false), // Kong's default is true
  key_in_body: z.literal(false).default(false),
  hide_credentials: z.boolean().default(false),
  realm: z
    .string()
    .regex(/^[^"\\]+$/)
    .optional(),
});
const acl = z.strictObject({
  allow: z.array(z.string()).min(1),
  hide_groups_header: z.boolean().default(false),
  always_use_authenticated_groups: z.literal(false).default(false),
});
const rateLimiting = z.strictObject({
  minute: z.int().positive(),
  policy: z.literal('local').default('local'),
  limit_by: z.enum(['consumer', 'ip']).default('consumer'),
  fault_tolerant: z.boolean().optional(), // for shared stores only
  hide_client_headers: z.literal(false).default(false),
  error_code: z.int().min(400).max(599).default(429),
  error_message: z.string().default('API rate limit exceeded'),
});
// Kong's own telemetry has no effect on clients and services, so it is validated and ignored.
const prometheus = z.strictObject({
  per_consumer: z.boolean().optional(),
  status_code_metrics: z.boolean().optional(),
  latency_metrics: z.boolean().optional(),
  bandwidth_metrics: z.boolean().optional(),
  upstream_health_metrics: z.boolean().optional(),
});
const opentelemetry = z.strictObject({
  traces_endpoint: z.url(),
  resource_attributes: z.record(z.string(), z.string().min(1)).optional(),
  // By default, Kong reads b3 before w3c, including a client's `tracestate`.
  propagation: z.strictObject({
    extract: z.tuple([z.literal('w3c')]),
    inject: z.tuple([z.literal('w3c')]),
    default_format: z.literal('w3c'),
  }),
});
const preFunction = z
  .strictObject({ access: z.tuple([z.string()]), header_filter: z.tuple([z.string()]) })
  .refine(({ access, header_filter }) => isKeyGuard(access[0], header_filter[0]), {
    message: 'differs from the Lua that key-guard.ts implements: change both, and KEY_GUARD_SHA256',
  });
const pairs = z.strictObject({ headers: z.array(headerPair).default([]) }).default({ headers: [] });
const names = z
  .strictObject({ headers: z.array(z.string().regex(/^[A-Za-z0-9-]+$/)).default([]) })
  .default({ headers: [] });
const requestTransformer = z.strictObject({ remove: names, replace: pairs, add: pairs });
// Kong accepts a message, which it converts to JSON, or a body with a content type.
const requestTermination = z.union([
  z.strictObject({ status_code: z.int().min(200).max(599), message: z.string().min(1) }),
  z.strictObject({
    status_code: z.int().min(200).max(599),
    content_type: z.string().min(1),
    body: z.string().min(1),
  }),
]);

const pluginBase = {
  instance_name: z.string().optional(),
  tags,
  enabled: z.literal(true).default(true),
};
const plugin = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('key-auth'), ...pluginBase, config: keyAuth }),
  z.strictObject({ name: z.literal('acl'), ...pluginBase, config: acl }),
  z.strictObject({ name: z.literal('pre-function'), ...pluginBase, config: preFunction }),
  z.strictObject({ name: z.literal('rate-limiting'), ...pluginBase, config: rateLimiting }),
  z.strictObject({ name: z.literal('request-transformer'), ...pluginBase, config: requestTransformer }),
  z.strictObject({ name: z.literal('request-termination'), ...pluginBase, config: requestTermination }),
  z.strictObject({ name: z.literal('prometheus'), ...pluginBase, enabled: z.boolean().optional(), config: prometheus }),
  z.strictObject({
    ...{ name: z.literal('opentelemetry'), ...pluginBase },
    enabled: z.literal(false, 'must be false: only Kong sends traces'),
    config: opentelemetry,
  }),
]);
const plugins = z.array(plugin).default([]);

const path = z.string().transform((text, ctx): RouteMatcher => {
  const matcher = parsePath(text);
  if (matcher) return matcher;
  ctx.addIssue({
    code: 'custom',
    message: 'must be ~/, whole literal segments (a dot as \\.) or [^/]+, and $ at the end',
  });
  return z.NEVER;
});
const headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]+$/), z.array(z.string().min(1)).min(1))
  .transform((entries, ctx): HeaderMatcher[] =>
    Object.entries(entries).flatMap(([header, values]) => {
      const matcher = parseHeader(header, values);
      if (matcher) return [matcher];
      ctx.addIssue({
        code: 'custom',
        path: [header],
        message: 'a regex must be lower case (Kong lowers it) and have no \\, [ ], { } or ?',
      });
      return [];
    }),
  )
  .prefault({});
const route = z.strictObject({
  name,
  tags,
  paths: z.array(path).min(1),
  headers,
  // Kong's nginx answers TRACE and CONNECT before routing; OPTIONS would be subject to key-auth's preflight rule.
  methods: z.array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])).min(1),
  strip_path: z.literal(false), // Kong's default is true
  // The stand-in has no TLS, and would serve https-only routes over plain HTTP.
  protocols: z
    .array(z.enum(['http', 'https']))
    .refine((protocols) => protocols.includes('http'), 'must include http: only Kong supports https')
    .optional(),
  https_redirect_status_code: z.int().optional(), // for routes without http
  regex_priority: z.int().default(0),
  plugins,
});
const service = z.strictObject({
  name,
  tags,
  host: name,
  port: z.int().optional(), // ignored by Kong if the host is an upstream, which is required here
  protocol: z.literal('http').default('http'),
  retries: z.int().min(0).default(5),
  connect_timeout: z.int().positive().default(60_000),
  write_timeout: z.int().positive().default(60_000), // covered by read_timeout here: the body is one small write
  read_timeout: z.int().positive().default(60_000),
  routes: z.array(route).default([]),
  plugins,
});

const activeChecks = z.strictObject({
  type: z.literal('http').default('http'),
  http_path: z.string().startsWith('/').default('/'),
  timeout: z.number().positive().default(1),
  concurrency: z.int().optional(), // targets are checked independently
  healthy: z
    .strictObject({
      interval: seconds.default(0),
      successes: z.int().min(0).default(0),
      http_statuses: z.array(z.int()).default([200, 302]),
    })
    .prefault({}),
  unhealthy: z
    .strictObject({
      interval: seconds.default(0),
      http_failures: z.int().min(0).default(0),
      tcp_failures: z.int().min(0).default(0),
      timeouts: z.int().min(0).default(0),
      http_statuses: z.array(z.int()).default([429, 404, 500, 501, 502, 503, 504, 505]),
    })
    .prefault({}),
});
const target = z.strictObject({
  target: z.string().regex(/^[^:/\s]+:\d+$/, 'must be host:port'),
  weight: z.literal(100).default(100),
  tags,
});
const upstream = z.strictObject({
  name,
  tags,
  algorithm: z.enum(['round-robin', 'least-connections']).default('round-robin'),
  slots: z.int().optional(), // all weights are equal
  healthchecks: z.strictObject({ active: activeChecks.prefault({}) }).prefault({}),
  targets: z.array(target).min(1),
});

const consumer = z.strictObject({
  username: name,
  custom_id: name.optional(),
  tags,
  keyauth_credentials: z.array(z.strictObject({ key: name, tags })).default([]),
  acls: z.array(z.strictObject({ group: name, tags })).default([]),
});

// Already expanded by fillIn, so their content is validated where it is used.
const members = z.record(z.string(), z.unknown());
const declarationFile = z.strictObject({
  _format_version: z.literal('3.0'),
  _info: z
    .strictObject({
      select_tags: z.array(z.string()),
      defaults: z
        .strictObject({ upstream: members.optional(), service: members.optional(), route: members.optional() })
        .optional(),
    })
    .optional(),
  _plugin_configs: z.record(z.string(), members).optional(),
  upstreams: z.array(upstream).default([]),
  services: z.array(service).default([]),
  routes: z.array(route.extend({ service: z.strictObject({ name }).optional() })).default([]),
  consumers: z.array(consumer).default([]),
  plugins,
});

/** The state file that `npm run clients` writes. It is separate, because a sync must not change what the other file declares. */
const clientsFile = z.strictObject({
  _format_version: z.literal('3.0'),
  _info: z.strictObject({ select_tags: z.array(z.string()) }).optional(),
  consumers: z.array(consumer),
});

export type Declaration = z.output<typeof declarationFile>;
export type ServiceDeclaration = z.output<typeof service>;
export type RouteDeclaration = z.output<typeof route>;
export type UpstreamDeclaration = z.output<typeof upstream>;
export type PluginDeclaration = z.output<typeof plugin>;
type PluginName = PluginDeclaration['name'];
export type PluginConfig<N extends PluginName> = Extract<PluginDeclaration, { name: N }>['config'];

/** All errors of a declaration, one per line. */
export class DeclarationError extends Error {
  readonly faults: string[];
  constructor(faults: string[]) {
    super(`the gateway cannot run this declaration:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Replaces the variables in the text of kong.yml, parses it, and validates it together with the clients created by command, if
 * any. Throws a {@link DeclarationError}.
 */
export function readDeclaration(
  text: string,
  env: Record<string, string | undefined>,
  clientsText?: string,
): Declaration {
  const faults: string[] = [];
  // Pretty errors would quote the line, which may contain a key.
  const document = parseDocument(substituteVariables(text, env, faults), { prettyErrors: false });
  faults.push(...document.errors.map((error) => `YAML, at character ${error.pos[0]}: ${error.message}`));
  if (document.errors.length > 0) throw new DeclarationError(faults);
  const parsed = declarationFile.safeParse(fillIn(document.toJS()));
  if (!parsed.success) throw new DeclarationError([...faults, ...parsed.error.issues.map(describeIssue)]);
  const consumers = clientsText === undefined ? [] : readClients(clientsText);
  const file = { ...parsed.data, consumers: [...parsed.data.consumers, ...consumers] };
  faults.push(...findConflicts(file));
  if (faults.length > 0) throw new DeclarationError(faults);
  return file;
}

function readClients(text: string): Declaration['consumers'] {
  const document = parseDocument(text, { prettyErrors: false });
  const parsed = clientsFile.safeParse(document.errors.length > 0 ? undefined : document.toJS());
  if (parsed.success) return parsed.data.consumers;
  throw new DeclarationError(parsed.error.issues.map((issue) => `the file of clients: ${describeIssue(issue)}`));
}

const VARIABLE = /\$\{\{\s*env\s+"(\w+)"\s*(?:\|\s*(toInt|toBool)\s*)?\}\}/g;

/** The casts of decK, with a stricter grammar: decK also accepts `t` for true. */
const readable = {
  toInt: { form: /^\d+$/, what: 'a whole number', standIn: '1' },
  toBool: { form: /^(?:true|false)$/, what: 'true or false', standIn: 'false' },
};

function substituteVariables(text: string, env: Record<string, string | undefined>, faults: string[]): string {
  const result = text.replace(VARIABLE, (_match, variable: string, cast: string | undefined) => {
    const value = env[variable];
    const fault = faultOfVariable(variable, cast, value);
    if (!fault) return value as string;
    faults.push(fault);
    // A placeholder, so that parsing continues and all errors are found at once.
    return cast ? readable[cast as keyof typeof readable].standIn : variable;
  });
  for (const line of text.replace(VARIABLE, '').split('\n')) {
    if (line.includes('${{') && !line.trimStart().startsWith('#')) faults.push(`unknown template: ${line.trim()}`);
  }
  return result;
}

function faultOfVariable(variable: string, cast: string | undefined, value: string | undefined): string | undefined {
  if (!variable.startsWith('DECK_')) return `${variable}: decK reads only variables whose name begins with DECK_`;
  if (value === undefined) return `${variable} is not set`;
  if (cast === undefined) return undefined;
  const { form, what } = readable[cast as keyof typeof readable];
  return form.test(value) ? undefined : `${variable} must be ${what}`;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.') || 'the file'}: ${issue.message}`;
}

function findConflicts(file: Declaration): string[] {
  const routes = allRoutes(file);
  const pluginLists = [file.plugins, ...file.services.map((s) => s.plugins), ...routes.map((r) => r.route.plugins)];
  return [
    ...repeated('upstream', file.upstreams, (u) => u.name),
    ...repeated('service', file.services, (s) => s.name),
    ...repeated('route', routes, (r) => r.route.name),
    ...repeated('consumer', file.consumers, (c) => c.username),
    ...repeated('custom_id', file.consumers, (c) => c.custom_id),
    ...repeated('plugin instance', pluginLists.flat(), (p) => p.instance_name),
    ...pluginLists.flatMap((list) => repeated('plugin of one entity', list, (p) => p.name)),
    ...repeatedKeys(file),
    ...file.services
      .filter((s) => !file.upstreams.some((u) => u.name === s.host))
      .map((s) => `services.${s.name}.host: no upstream has this name`),
    ...file.routes
      .filter((r) => r.service && !serviceOf(r, file))
      .map((r) => `routes.${r.name}.service: no service has this name`),
    ...routes.flatMap(({ route, service }) => {
      const chosen = (plugin: PluginName) => choosePlugin(plugin, route, service, file) !== undefined;
      return [
        ...(chosen('acl') && !chosen('key-auth')
          ? [`routes.${route.name}: acl without key-auth refuses every call`]
          : []),
        ...(String(callersIn(route.tags ?? [])) === String(choosePlugin('acl', route, service, file)?.allow ?? [])
          ? []
          : [`routes.${route.name}: its tags callers:… must name the groups of its acl, in the same order`]),
        ...(service || chosen('request-termination')
          ? []
          : [`routes.${route.name}: needs a service or request-termination`]),
        // With the token of the global plugin, services believe X-Consumer-*, which without key-auth are the client's own.
        ...(service && !chosen('key-auth') && !route.plugins.some((p) => p.name === 'request-transformer')
          ? [`routes.${route.name}: without key-auth it needs a request-transformer of its own`]
          : []),
        // Kong packs the rank into one number, in which other priorities would overflow into the count of headers.
        ...(route.headers.length > 0 && !isDistinctPriority(route.regex_priority)
          ? [`routes.${route.name}: regex_priority must be 0, 1 or a multiple of 4 below 512 on a route with headers`]
          : []),
      ];
    }),
    ...overlappingRoutes(routes.map((r) => r.route)),
  ];
}

function isDistinctPriority(priority: number): boolean {
  return priority === 1 || (priority % 4 === 0 && priority >= 0 && priority < 512);
}

function repeated<T>(kind: string, items: T[], nameOf: (item: T) => string | undefined): string[] {
  const names = items.map(nameOf).filter((n) => n !== undefined);
  return [...new Set(names.filter((n, index) => names.indexOf(n) !== index))].map(
    (n) => `${kind} ${n} is declared twice`,
  );
}

/** The errors do not contain the keys, because they are logged. */
function repeatedKeys(file: Declaration): string[] {
  const owners = new Map<string, string>();
  const faults: string[] = [];
  for (const { username, keyauth_credentials } of file.consumers) {
    for (const { key } of keyauth_credentials) {
      const owner = owners.get(key);
      if (owner !== undefined) faults.push(`consumers ${owner} and ${username} have the same key`);
      owners.set(key, username);
    }
  }
  return faults;
}

/** Kong orders such routes by their random ids, so the result would be random. */
function overlappingRoutes(routes: RouteDeclaration[]): string[] {
  return routes.flatMap((a, index) =>
    routes
      .slice(index + 1)
      .filter(
        (b) =>
          compareRank(rankOf(a), rankOf(b)) === 0 &&
          a.methods.some((method) => b.methods.includes(method)) &&
          a.paths.some((left) => b.paths.some((right) => overlaps(left, right))),
      )
      .map((b) => `routes.${a.name} and routes.${b.name} overlap and have equal rank`),
  );
}

function rankOf({ headers, regex_priority: regexPriority }: RouteDeclaration) {
  return { headers, regexPriority };
}

/** All routes with their services, if any. */
export function allRoutes(file: Declaration): { route: RouteDeclaration; service?: ServiceDeclaration | undefined }[] {
  return [
    ...file.services.flatMap((service) => service.routes.map((route) => ({ route, service }))),
    ...file.routes.map((route) => ({ route, service: serviceOf(route, file) })),
  ];
}

function serviceOf(route: Declaration['routes'][number], file: Declaration): ServiceDeclaration | undefined {
  return file.services.find(({ name }) => name === route.service?.name);
}

/** The instance of a plugin that runs: the route's, else the service's, else the global one. Instances are not merged. */
export function choosePlugin<N extends PluginName>(
  pluginName: N,
  route: RouteDeclaration,
  owner: ServiceDeclaration | undefined,
  file: Declaration,
): PluginConfig<N> | undefined {
  const found = [...route.plugins, ...(owner?.plugins ?? []), ...file.plugins].find((p) => p.name === pluginName);
  return found?.config as PluginConfig<N> | undefined;
}
