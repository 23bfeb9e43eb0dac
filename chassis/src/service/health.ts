import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Pool } from '../base/db/pool.ts';
import type { RequestShare } from '../base/db/request-share.ts';
import type { Logger } from '../base/telemetry/log.ts';
import type { Metrics } from '../base/telemetry/metrics.ts';
import type { Broker } from '../reliable/messaging/connection.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface HealthDeps {
  pool: Pool;
  /** The share of the pool for requests. */
  requestPool: RequestShare;
  broker: Pick<Broker, 'isConnected' | 'differences'>;
  lifecycle: Lifecycle;
  metrics: Metrics;
  log: Logger;
  version: string;
}

/** What a health check reports. */
export const healthReport = z
  .strictObject({
    status: z.enum(['ok', 'degraded', 'down']),
    checks: z.strictObject({ database: z.boolean(), broker: z.boolean() }),
    reason: z
      .string()
      .optional()
      .meta({ description: 'Why the status is `degraded` although database and broker are available.' }),
    version: z.string(),
  })
  .meta({ id: 'Health' });

/**
 * `open` (liveness, readiness, metrics) needs no token, because the network protects it. Readiness does not check the database:
 * if the gateway took a service out because of it, clients would not get the service's own responses. `report` is for people.
 * None of them is queued behind other requests.
 */
export function healthRoutes(deps: HealthDeps): { open: Router; report: RequestHandler } {
  const open = Router();
  open.get('/health/live', (_req, res) => {
    res.json({ status: 'ok' });
  });
  open.get('/health/ready', (_req, res) => {
    const phase = deps.lifecycle.phase();
    res.status(phase === 'ready' ? 200 : 503).json({ status: phase });
  });
  open.get('/metrics', async (_req, res) => {
    deps.metrics.dbPoolConnections.set({ state: 'idle' }, deps.pool.idleCount);
    deps.metrics.dbPoolConnections.set({ state: 'used' }, deps.pool.totalCount - deps.pool.idleCount);
    deps.metrics.dbPoolWaiting.set(deps.pool.waitingCount + deps.requestPool.waitingCount);
    res.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics());
  });

  const report: RequestHandler = async (_req, res) => {
    const checks = { database: await deps.pool.takesWrites(), broker: deps.broker.isConnected() };
    const different = deps.broker.differences().map(({ name }) => name);
    const status = !checks.database ? 'down' : checks.broker && different.length === 0 ? 'ok' : 'degraded';
    const reason = different.length === 0 ? undefined : `declared with other arguments: ${different.join(', ')}`;
    const reported: z.output<typeof healthReport> = { status, checks, reason, version: deps.version };
    res.status(status === 'down' ? 503 : 200).json(reported);
  };
  return { open, report };
}
