import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import { indispensableMessages } from '@shop/chassis/contract/messages/order-service.ts';
import type { GatewayTokens, InternalCallers } from '@shop/chassis/edge/callers.ts';
import type { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { deadLetterRoutes } from '@shop/chassis/operations/dead-letters/dead-letters.routes.ts';
import type { Reconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { reconciliationRoutes } from '@shop/chassis/operations/reconciliation/reconciliation.routes.ts';
import { streamRoutes } from '@shop/chassis/operations/stream/stream.routes.ts';
import { createBatcher } from '@shop/chassis/reliable/batching/batcher.ts';
import type { Feed } from '@shop/chassis/reliable/feed/feed.ts';
import type { ReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import { createApp } from '@shop/chassis/service/app.ts';
import type { HealthDeps } from '@shop/chassis/service/health.ts';
import { type Express, Router } from 'express';
import type { OrderMetrics } from './metrics.ts';
import { describeService, operations } from './openapi.ts';
import { noteReplays } from './orders/note-replays.ts';
import type { OrderChange } from './orders/order-changes.sql.ts';
import { orderOperationsRoutes } from './orders/orders.operations.ts';
import { orderRoutes } from './orders/orders.routes.ts';
import { findKeptFingerprint } from './orders/orders.sql.ts';
import { createPlaceOrder } from './orders/place-order.ts';
import { type Placement, type PlacementAnswer, placeBatch } from './orders/placement-batch.ts';
import { type PlacingLimits, placingLimits } from './orders/placing-limits.ts';
import type { ReservationClient } from './reservations/reservation-client.ts';
import { shopperOrdersRoutes } from './shopper-orders/shopper-orders.routes.ts';

export interface AppDeps extends HealthDeps {
  metrics: OrderMetrics;
  gatewayTokens: GatewayTokens;
  people: People;
  /** Retention of completed Idempotency-Keys, shown in the OpenAPI document. */
  keyRetentionHours: number;
  /** The services that may call, with their tokens. */
  callers: InternalCallers;
  reservations: ReservationClient;
  reservationTimeoutMs: number;
  /** Overrides for tests, like `longestTurnMs`. */
  limits?: PlacingLimits;
  longestTurnMs?: number;
  streamLimits?: typeof LOAD_LIMITS.streams;
  replays: ReplayCounter;
  reconciler: Reconciler;
  changes: Feed<OrderChange>;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
}

export interface App {
  http: Express;
  /** Resolves when all accepted placements have been answered. */
  drain(): Promise<void>;
}

// A batch of 64 orders or 4,000 lines takes some ten milliseconds, so that the next one does not wait long.
const BATCH_ORDERS = 64;
const BATCH_LINES = 4_000;

/** The service without listener and background work, for main.ts and tests. */
export function buildApp(deps: AppDeps): App {
  const { answerWithinMs, maxExpectedWaitMs } = deps.limits ?? placingLimits;
  const placements = createBatcher<Placement, PlacementAnswer>({
    stage: 'place',
    slots: 3,
    maxMembers: BATCH_ORDERS,
    maxWeight: BATCH_LINES,
    maxExpectedWaitMs,
    run: (members) => placeBatch(deps, members),
    metrics: deps.metrics,
  });
  const routes = Router({ caseSensitive: true, strict: true });
  const keyed = { ...deps, pool: deps.requestPool, findKeptFingerprint };
  const placeOrder = createPlaceOrder({ ...deps, placements });
  routes.use(orderRoutes({ ...keyed, placeOrder, placements, answerWithinMs }));
  const base = '/operations/orders';
  routes.use(deadLetterRoutes({ ...keyed, base, indispensable: indispensableMessages, onReplayed: noteReplays }));
  routes.use(orderOperationsRoutes({ pool: deps.pool, base }));
  routes.use(reconciliationRoutes({ ...keyed, base }));
  routes.use(orderStream(deps, base));
  const internal = shopperOrdersRoutes({ ...deps, pool: deps.requestPool });
  const describe = () => describeService(deps);
  const http = createApp({ ...deps, internal, operations, routes, name: 'orders', describe });
  return { http, drain: placements.drain };
}

function orderStream(deps: AppDeps, base: string): Router {
  const { requestPool, metrics, log, lifecycle, now, changes, streamLimits } = deps;
  return streamRoutes<OrderChange>({
    base,
    pool: requestPool,
    metrics,
    log,
    draining: lifecycle.draining,
    now,
    limits: streamLimits,
    counters: async () => ({ pending: (await metrics.ordersPending.get()).values[0]?.value ?? 0 }),
    changes: {
      event: 'order',
      feed: changes,
      toData: ({ orderId, number, status, version }) => ({ orderId, number, status, version }),
    },
  });
}
