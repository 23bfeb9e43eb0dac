import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { type Balancer, createBalancer } from './balancer.ts';
import {
  allRoutes,
  type Declaration,
  DeclarationError,
  readDeclaration,
  type ServiceDeclaration,
} from './declaration.ts';
import { answerRefusal, type Exchange, openExchange, readBody } from './exchange.ts';
import { createNginxServer, drain, type NginxOptions, refusedByNginx } from './nginx.ts';
import {
  type Call,
  createPipeline,
  createPluginState,
  type PluginAnswer,
  type PluginState,
  replaceConsumers,
} from './plugins.ts';
import { createProblemRenderer, nginxRefusals, type ProblemRenderer, type Refusal } from './problem.ts';
import { createForwarder, type Forwarder, forwardedHeaders } from './proxy.ts';
import { createRouter, type ReadPath, type Routable, readPath } from './routing.ts';

export interface GatewayOptions {
  host: string;
  /** 0 selects a free port. */
  port: number;
  /** The text of kong.yml. */
  declaration: string;
  /** The text of the clients file (operator/src/clients), if any. */
  clients?: string;
  /** The text of Kong's JSON error template. */
  errorTemplate: string;
  /** The values for `${{ env "DECK_…" }}`. */
  env: Record<string, string | undefined>;
  /** Replacement targets (`host:port`) by upstream name. */
  upstreams?: Record<string, string[]>;
  logger: Logger;
  now?: () => number;
  /** How long a client may take for the head of a request. */
  headTimeoutMs?: number;
  /** Timeout between two parts of a body. */
  bodyTimeoutMs?: number;
}

export interface Gateway {
  port: number;
  /** Replaces the clients. If they are invalid, throws a {@link DeclarationError} and keeps the current ones. */
  replaceClients(clients: string | undefined): void;
  close(): Promise<void>;
}

type Route = Routable & { name: string; run: (call: Call) => PluginAnswer | undefined; forwarder?: Forwarder };

const NO_ROUTE: Refusal = { status: 404, message: 'no Route matched with those values' };
const NO_SERVICE: Refusal = { status: 503, message: 'no Service found with those values' };

// KONG_NGINX_PROXY_CLIENT_HEADER_TIMEOUT
const HEAD_TIMEOUT_MS = 10_000;
// nginx: client_body_timeout, between two parts of a body.
const BODY_TIMEOUT_MS = 60_000;

/** Starts the stand-in. Throws a {@link DeclarationError} with all errors if the declaration is invalid or not supported. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { logger, now = Date.now, headTimeoutMs = HEAD_TIMEOUT_MS, bodyTimeoutMs = BODY_TIMEOUT_MS } = options;
  const file = readDeclaration(options.declaration, options.env, options.clients);
  checkReplacedUpstreams(file, options.upstreams ?? {});
  const render = createProblemRenderer(options.errorTemplate);
  const { forwarders, closeAll } = connectServices(file, options.upstreams ?? {}, logger);
  const state = createPluginState(file, now);
  const routes = readRoutes(file, state, forwarders);
  const handle = createHandler({ routes, render, logger, bodyTimeoutMs });
  const server = createNginxServer({ headTimeoutMs, render, handle });
  try {
    await once(server.listen(options.port, options.host), 'listening');
  } catch (error) {
    await closeAll(); // otherwise the health checks would keep the process running
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  logger.info({ host: options.host, port, routes: routes.length }, 'gateway started');

  return {
    port,
    replaceClients: (clients) => {
      replaceConsumers(state, readDeclaration(options.declaration, options.env, clients));
    },
    close: async () => {
      await drain(server);
      await closeAll();
      logger.info('gateway stopped');
    },
  };
}

function checkReplacedUpstreams(file: Declaration, upstreams: Record<string, string[]>): void {
  const known = new Set(file.upstreams.map((upstream) => upstream.name));
  const faults = Object.entries(upstreams).flatMap(([name, targets]) => [
    ...(known.has(name) ? [] : [`replaced upstream ${name} is not in the declaration`]),
    ...(targets.length > 0 ? [] : [`replaced upstream ${name} has no targets`]),
  ]);
  if (faults.length > 0) throw new DeclarationError(faults);
}

type Forwarders = ReadonlyMap<ServiceDeclaration, Forwarder>;

/** A forwarder for each service, over the targets of its upstream. */
function connectServices(
  file: Declaration,
  replaced: Record<string, string[]>,
  logger: Logger,
): { forwarders: Forwarders; closeAll(): Promise<void> } {
  const balancers = new Map<string, Balancer>();
  for (const upstream of file.upstreams) {
    const addresses = replaced[upstream.name] ?? upstream.targets.map((t) => t.target);
    balancers.set(upstream.name, createBalancer(upstream, addresses, logger));
  }
  const forwarders = new Map(
    file.services.map((service) => [service, createForwarder(service, balancers.get(service.host) as Balancer)]),
  );
  return {
    forwarders,
    async closeAll() {
      await Promise.all([...balancers.values(), ...forwarders.values()].map((part) => part.close()));
    },
  };
}

function readRoutes(file: Declaration, state: PluginState, forwarders: Forwarders): Route[] {
  return allRoutes(file).map(({ route, service }): Route => {
    const { name, methods, paths, headers, regex_priority: regexPriority } = route;
    const forwarder = service && forwarders.get(service);
    const run = createPipeline(route, service, file, state);
    return { name, methods, paths, headers, regexPriority, run, forwarder };
  });
}

interface HandlerOptions {
  routes: Route[];
  render: ProblemRenderer;
  logger: Logger;
  bodyTimeoutMs: number;
}

/** Checks in Kong's order: nginx's own refusals, the route, the plugins, and the body only before it is forwarded. */
function createHandler({ routes, render, logger, bodyTimeoutMs }: HandlerOptions): NginxOptions['handle'] {
  const matchRoute = createRouter(routes);
  const refuse = (exchange: Exchange, refusal: PluginAnswer) => answerRefusal(exchange, refusal, render, logger);

  function handleRouted(exchange: Exchange, path: Extract<ReadPath, { kind: 'path' }>): void {
    const { req, res, headers, answerHeaders, requestId } = exchange;
    const method = req.method as string;
    const remoteAddress = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const route = matchRoute(method, path.normal, headers);
    const call: Call = { headers, remoteAddress, answerHeaders, query: path.query };
    const answer = route ? route.run(call) : NO_ROUTE;
    if (answer || !route?.forwarder) {
      refuse(exchange, answer ?? NO_SERVICE);
      return;
    }
    const { forwarder } = route;
    const client = { remoteAddress, localPort: req.socket.localPort ?? 0, rawPath: path.raw, requestId };
    const request = { method, path: path.forwarded + call.query, headers: forwardedHeaders(headers, client) };
    readBody(exchange, bodyTimeoutMs, (body) => {
      if (body === 'too-large') refuse(exchange, nginxRefusals.payloadTooLarge);
      else forwarder.forward({ ...request, body }, res, answerHeaders, (refusal) => refuse(exchange, refusal));
    });
  }

  return (req, res, awaitsContinue) => {
    const exchange = openExchange(req, res, awaitsContinue);
    const path = readPath(req.url as string);
    const early = refusedByNginx(exchange, path);
    if (early) refuse(exchange, early);
    else if (path.kind === 'no-route') refuse(exchange, NO_ROUTE);
    else if (path.kind === 'path') handleRouted(exchange, path);
  };
}
