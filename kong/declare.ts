import { DOCS_UPSTREAM, SERVICE_PORT } from '../services.ts';
import { rootPage } from './root-page.ts';

/** Of a service of the registry, what the gateway has to know. */
export interface DocumentedService {
  folder: string;
  path: string;
  upstream: string;
  /** The text of its OpenAPI document. */
  document: string;
}

/** What this reads of a document; chassis/src/edge/openapi/document.ts writes it. */
interface Document {
  info: { summary: string };
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  operationId: string;
  'x-gateway-route'?: string;
  'x-callers'?: readonly string[];
  'x-requests-per-minute'?: number;
}

/** The operations of one path under one name. */
interface Route {
  name: string;
  /** As the document writes it: `/orders/{id}`. */
  path: string;
  methods: readonly string[];
  /** Groups; none: it needs no key. */
  callers: readonly string[];
  requestsPerMinute: number | undefined;
}

type RoutedService = Omit<DocumentedService, 'document'> & { routes: readonly Route[] };

const HEADER = `# Made by \`npm run gateway\`, and a test fails when it is not. What to change instead is gateway.yml, services.ts or the operations
# of a service.
#
`;

/** The text of kong.yml: gateway.yml with what the registry and the documents of the services say. */
export function kongYml(gatewayYml: string, services: readonly DocumentedService[]): string {
  const routed = services.map(({ document, ...service }) => {
    const { info, paths } = JSON.parse(document) as Document;
    return { ...service, summary: info.summary, routes: routesOf(paths) };
  });
  const routes = routed.flatMap((service) => service.routes);
  checkNames(routes);
  const blocks = new Map([
    ['upstreams', [...routed.map(toUpstream), docsUpstream(routed)].join('\n')],
    ['services', routed.map((service) => toService(service, routes)).join('\n\n')],
    ['root-page', rootPage(routed)],
  ]);
  const text = gatewayYml.replace(/^( *)# <<([a-z-]+)>>$/gm, (line, indent: string, name: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`gateway.yml: nothing is made for ${line.trim()}, or it is there twice`);
    blocks.delete(name);
    return indented(block, indent.length);
  });
  if (blocks.size > 0) throw new Error(`gateway.yml lacks a line for ${[...blocks.keys()].join(', ')}`);
  return HEADER + text;
}

function toUpstream(service: RoutedService): string {
  return oneUpstream(service.upstream, service.path, [service]);
}

/** Of the pages that every service has. */
function docsUpstream(services: readonly RoutedService[]): string {
  return oneUpstream(DOCS_UPSTREAM, 'docs', services);
}

function oneUpstream(name: string, owner: string, services: readonly RoutedService[]): string {
  const targets = services.map(
    ({ folder, path }) => `
    - target: "${folder}:${SERVICE_PORT}"
      tags: [${path}]`,
  );
  return `- name: ${name}
  tags: [${owner}]
  targets:${targets.join('')}`;
}

function toService({ folder, path, upstream, routes }: RoutedService, all: readonly Route[]): string {
  return `- name: ${folder}
  host: ${upstream}
  tags: [${path}]
  routes:
${indented(routes.map((route) => toRoute(route, path, priorityOf(route, all))).join('\n'), 4)}`;
}

function toRoute({ name, path, methods, callers, requestsPerMinute }: Route, owner: string, priority: number): string {
  const owners = [owner, ...(path.startsWith('/operations/') ? ['operations'] : [])].join(', ');
  const audience = callers.length === 0 ? ['keyless'] : callers.map((caller) => `"callers:${caller}"`);
  const plugins: string[] = [];
  const add = (plugin: string, purpose: string, rest: string) =>
    plugins.push(`    - { name: ${plugin}, instance_name: ${name}-${purpose}, tags: [${owners}], ${rest} }`);
  if (callers.length > 0) {
    add('key-auth', 'key', '_config: key');
    add('acl', 'groups', `_config: groups, config: { allow: [${callers.join(', ')}] }`);
  }
  if (requestsPerMinute !== undefined) {
    add('rate-limiting', 'limit', `config: { policy: local, limit_by: consumer, minute: ${requestsPerMinute} }`);
  }
  return [
    ...(priority > 0
      ? ['# Overlaps a route that has a parameter where this one has a word, and must rank above it.']
      : []),
    `- name: ${name}`,
    `  paths: [${regexOf(path)}]`,
    `  methods: [${methods.join(', ')}]`,
    ...(priority > 0 ? [`  regex_priority: ${priority}`] : []),
    `  tags: [${owners}, ${audience.join(', ')}]`,
    ...(plugins.length > 0 ? ['  plugins:', ...plugins] : []),
  ].join('\n');
}

function routesOf(paths: Document['paths']): Route[] {
  const found = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => readRoute(path, method, operation)),
  );
  return [...Map.groupBy(found, ({ name }) => name).values()].map(oneRoute);
}

function readRoute(path: string, method: string, operation: Operation): Route {
  const { operationId, 'x-gateway-route': name = '', 'x-callers': callers = [] } = operation;
  if (!/^[a-z0-9-]+$/.test(name))
    throw new Error(`${operationId}: x-gateway-route is not a name in lower case: "${name}"`);
  if (callers.length === 0) throw new Error(`${operationId}: x-callers names nobody`);
  return {
    name,
    path,
    // HEAD works wherever GET does.
    methods: method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
    callers: callers.includes('anyone') ? [] : callers,
    requestsPerMinute: operation['x-requests-per-minute'],
  };
}

/** Of operations that share a name. */
function oneRoute(operations: Route[]): Route {
  const first = operations[0] as Route;
  const facts = operations.map(({ path, callers, requestsPerMinute }) =>
    JSON.stringify([path, callers, requestsPerMinute]),
  );
  if (new Set(facts).size > 1) {
    throw new Error(`${first.name}: operations of one route have the same path, callers and limit`);
  }
  return { ...first, methods: operations.flatMap(({ methods }) => methods) };
}

function checkNames(routes: readonly Route[]): void {
  for (const [name, found] of Map.groupBy(routes, (route) => route.name)) {
    if (found.length > 1) throw new Error(`${name}: two services have a route of this name`);
  }
}

/** In quotes. Whole segments only: the local gateway has to decide whether two routes overlap. */
function regexOf(path: string): string {
  const segments = segmentsOf(path).map((segment) => {
    if (isParameter(segment)) return '[^/]+';
    if (/^[\w~.-]+$/.test(segment)) return segment.replaceAll('.', '\\.');
    throw new Error(`${path}: a segment is one parameter, or letters, digits and _ ~ . -`);
  });
  const regex = `~/${segments.join('/')}$`;
  return regex.includes('\\') ? `'${regex}'` : `"${regex}"`;
}

/** Above every route that takes the same calls and is less exact. */
function priorityOf(route: Route, all: readonly Route[]): number {
  const level = levelOf(route, all);
  // Kong packs a route's rank into one number: of the priorities, 0, 1 and multiples of 4 cannot run into what stands beside them.
  return level < 2 ? level : 4 * (level - 1);
}

function levelOf(route: Route, all: readonly Route[]): number {
  const rivals = all.filter((other) => other !== route && shareCalls(route, other));
  const unclear = rivals.find((other) => covers(route.path, other.path) === covers(other.path, route.path));
  if (unclear) throw new Error(`${route.name} and ${unclear.name} take the same calls, and neither path is more exact`);
  const wider = rivals.filter((other) => covers(other.path, route.path));
  return Math.max(-1, ...wider.map((other) => levelOf(other, all))) + 1;
}

function shareCalls(a: Route, b: Route): boolean {
  return (
    a.methods.some((method) => b.methods.includes(method)) &&
    pairwise(a.path, b.path, (left, right) => left === right || isParameter(left) || isParameter(right))
  );
}

/** Whether `wide` matches every path that `narrow` matches. */
function covers(wide: string, narrow: string): boolean {
  return pairwise(wide, narrow, (left, right) => left === right || isParameter(left));
}

function pairwise(a: string, b: string, matches: (left: string, right: string) => boolean): boolean {
  const [left, right] = [segmentsOf(a), segmentsOf(b)];
  return left.length === right.length && left.every((segment, index) => matches(segment, right[index] as string));
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

function isParameter(segment: string): boolean {
  return /^\{\w+\}$/.test(segment);
}

function indented(block: string, by: number): string {
  return block.replace(/^(?=.)/gm, ' '.repeat(by));
}
