import express, { type Express, type RequestHandler, type Router } from 'express';
import { documentPaths } from '../../../services.ts';
import type { Tracing } from '../base/telemetry/tracing.ts';
import { type GatewayTokens, gatewayOnly, identifyCallers } from '../edge/callers.ts';
import { requestContext } from '../edge/context.ts';
import { endConnections } from '../edge/draining.ts';
import { limitTurns } from '../edge/load-shedding/turns.ts';
import { limitUnderWay } from '../edge/load-shedding/under-way.ts';
import type { CalledOperation } from '../edge/openapi/callers.ts';
import type { People } from '../edge/people/people.ts';
import { problemHandler } from '../edge/problem.ts';
import { docsPageRoutes } from './docs-page/docs-page.routes.ts';
import { type HealthDeps, healthRoutes } from './health.ts';

export interface AppOptions extends HealthDeps {
  tracing?: Tracing | undefined;
  gatewayTokens: GatewayTokens;
  people: People;
  /** The operations of the service's OpenAPI document, which says who may call each. */
  operations: readonly CalledOperation[];
  /** Routes that only other services may call; they check their own token. */
  internal?: Router;
  /** First path segments of internal routes, which are never shed: see `limitTurns`. */
  internalPaths?: readonly string[];
  /** Routes behind the gateway. */
  routes: Router;
  /** Name in the gateway's paths `/health/<name>` and `/docs/<name>.json`. */
  name: string;
  /** Longest turn of the event loop before requests are shed; see `limitTurns`. */
  longestTurnMs?: number;
  /** Returns the service's OpenAPI document. */
  describe: () => object;
}

/**
 * The HTTP edge of a service. The order of its checks is part of the contract: 401, 413, 415, then the checks of the route.
 * Health, documents and pages are not subject to admission control, so that they respond under any load.
 */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(endConnections(() => options.lifecycle.phase() === 'draining'));
  app.use(limitTurns(options.metrics, { longestTurnMs: options.longestTurnMs, exempt: options.internalPaths }));
  app.use(requestContext(options));
  const health = healthRoutes(options);
  app.use(health.open);
  if (options.internal) app.use(options.internal);
  app.use(gatewayOnly(options.gatewayTokens));
  const pages = docsPageRoutes(documentPaths);
  app.use(identifyCallers(options.operations, options.people, pages));
  app.get(`/health/${options.name}`, health.report);
  app.get(`/docs/${options.name}.json`, serveDocument(options.describe));
  app.use(limitUnderWay());
  app.use(options.routes);
  app.use(problemHandler);
  return app;
}

/** The document is made at the first request, because most processes never serve it. */
function serveDocument(describe: () => object): RequestHandler {
  let text: string | undefined;
  return (_req, res) => {
    text ??= JSON.stringify(describe());
    res.type('application/json').send(text);
  };
}
