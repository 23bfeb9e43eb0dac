import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import { indispensableMessages } from '@shop/chassis/contract/messages/order-service.ts';
import type { GatewayTokens, InternalCallers } from '@shop/chassis/edge/callers.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { deadLetterRoutes } from '@shop/chassis/operations/dead-letters/dead-letters.routes.ts';
import type { Reconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { reconciliationRoutes } from '@shop/chassis/operations/reconciliation/reconciliation.routes.ts';
import { streamRoutes } from '@shop/chassis/operations/stream/stream.routes.ts';
import type { IdempotencyDeps } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { createApp } from '@shop/chassis/service/app.ts';
import type { HealthDeps } from '@shop/chassis/service/health.ts';
import { type Express, Router } from 'express';
import type { InventoryMetrics } from './metrics.ts';
import { describeService, operations } from './openapi.ts';
import { productsRoutes } from './products/products.routes.ts';
import { createHoldBatcher } from './reservations/hold-reservations.ts';
import { reservationOperationsRoutes } from './reservations/reservations.operations.ts';
import { reservationsRoutes } from './reservations/reservations.routes.ts';
import { stockRoutes } from './stock/stock.routes.ts';
import { findKeptFingerprint } from './stock/stock.sql.ts';

export interface AppDeps extends HealthDeps, Omit<IdempotencyDeps, 'pool' | 'findKeptFingerprint'> {
  metrics: InventoryMetrics;
  gatewayTokens: GatewayTokens;
  people: People;
  /** Retention of completed Idempotency-Keys, shown in the OpenAPI document. */
  keyRetentionHours: number;
  /** The services that may call, with their tokens. */
  callers: InternalCallers;
  reconciler: Reconciler;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
  /** Override for tests, like the next one. */
  startWithinMs?: number;
  longestTurnMs?: number;
}

export interface App {
  http: Express;
  /** Resolves when all accepted reservation requests have been answered. */
  drain(): Promise<void>;
}

/** The service without listener and background work, for main.ts and tests. */
export function buildApp(deps: AppDeps): App {
  const holds = createHoldBatcher(deps);
  const routes = Router({ caseSensitive: true, strict: true });
  const keyed = { ...deps, pool: deps.requestPool, findKeptFingerprint };
  const base = '/operations/inventory';
  routes.use(productsRoutes(keyed), stockRoutes(keyed));
  routes.use(deadLetterRoutes({ ...keyed, base, indispensable: indispensableMessages }));
  routes.use(reconciliationRoutes({ ...keyed, base }), reservationOperationsRoutes({ pool: deps.requestPool, base }));
  const { requestPool, metrics, log, lifecycle, now } = deps;
  routes.use(streamRoutes({ base, pool: requestPool, metrics, log, draining: lifecycle.draining, now }));
  const internal = reservationsRoutes({ ...deps, pool: deps.requestPool, holds });
  const http = createApp({
    ...deps,
    internal,
    internalPaths: ['reservations'],
    operations,
    routes,
    name: 'inventory',
    describe: () => describeService(deps),
  });
  return { http, drain: holds.drain };
}
