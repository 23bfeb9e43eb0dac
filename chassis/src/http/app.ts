import express, { type Express, type Router } from 'express';
import { type HealthDeps, healthRoutes } from '../service/health.ts';
import { gatewayOnly } from './callers.ts';
import { requestContext } from './context.ts';
import { edgeProblems, type ProblemTable, problemHandler, RefusedError } from './problem.ts';

export interface AppOptions extends HealthDeps {
  gatewayTokens: readonly string[];
  problems: ProblemTable;
  /** Routes that only the other service may call; they check their own token. */
  internal?: Router;
  /** Routes behind the gateway. */
  routes: Router;
  /** `/health/<name>` at the gateway. */
  healthName: string;
}

/** The HTTP edge of a service. The order of its checks is part of the contract: 401, 413, 415, then the route's own. */
export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.use(requestContext(options.log, options.metrics));
  app.use((_req, res, next) => {
    // While draining, keep-alive connections end with their running request.
    if (options.lifecycle.phase() === 'draining') res.set('Connection', 'close');
    next();
  });
  const health = healthRoutes(options);
  app.use(health.open);
  if (options.internal) app.use(options.internal);
  app.use(gatewayOnly(options.gatewayTokens));
  app.get(`/health/${options.healthName}`, health.report);
  app.use(options.routes);
  app.use(() => {
    throw new RefusedError('not-found', 'There is no such path.');
  });
  app.use(problemHandler({ ...edgeProblems, ...options.problems }, options.log));
  return app;
}
