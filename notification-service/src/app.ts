import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import type { GatewayTokens } from '@shop/chassis/edge/callers.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { deadLetterRoutes } from '@shop/chassis/operations/dead-letters/dead-letters.routes.ts';
import { streamRoutes } from '@shop/chassis/operations/stream/stream.routes.ts';
import type { IdempotencyDeps } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { createApp } from '@shop/chassis/service/app.ts';
import type { HealthDeps } from '@shop/chassis/service/health.ts';
import { type Express, Router } from 'express';
import { notificationsRoutes } from './notifications/notifications.routes.ts';
import { describeService, operations } from './openapi.ts';

export interface AppDeps extends HealthDeps, Omit<IdempotencyDeps, 'pool' | 'findKeptFingerprint'> {
  metrics: Metrics;
  gatewayTokens: GatewayTokens;
  people: People;
  /** Retention of completed Idempotency-Keys, shown in the OpenAPI document. */
  keyRetentionHours: number;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
  /** Override for tests. */
  longestTurnMs?: number;
}

/** The service without listener and background work, for main.ts and tests. */
export function buildApp(deps: AppDeps): Express {
  const routes = Router({ caseSensitive: true, strict: true });
  const base = '/operations/notifications';
  const pool = deps.requestPool;
  // Replays of dead letters keep no key beyond its retention.
  const findKeptFingerprint = async () => undefined;
  routes.use(notificationsRoutes({ pool }));
  routes.use(deadLetterRoutes({ ...deps, pool, findKeptFingerprint, base, indispensable: [] }));
  routes.use(streamRoutes({ ...deps, base, pool, draining: deps.lifecycle.draining }));
  return createApp({ ...deps, operations, routes, name: 'notifications', describe: () => describeService(deps) });
}
