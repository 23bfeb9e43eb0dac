import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
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
import { accountsRoutes } from './accounts/accounts.routes.ts';
import { addressesRoutes } from './addresses/addresses.routes.ts';
import { deletionRoutes } from './deletion/deletion.routes.ts';
import { emailChangeRoutes } from './email-change/email-change.routes.ts';
import { mailsRoutes } from './email-tokens/mails.routes.ts';
import { exportRoutes } from './export/export.routes.ts';
import { lookupRoutes } from './lookup/lookup.routes.ts';
import type { MasterKey } from './master-key.ts';
import type { AccountMetrics } from './metrics.ts';
import { describeService, operations } from './openapi.ts';
import { orderHistoryRoutes } from './order-history/order-history.routes.ts';
import type { PasswordHasher } from './passwords/password-hasher.ts';
import { passwordsRoutes } from './passwords/passwords.routes.ts';
import { profileRoutes } from './profile/profile.routes.ts';
import { createAccessTokens } from './sessions/access-tokens.ts';
import { createSessionCookies } from './sessions/session-cookies.ts';
import { sessionsRoutes } from './sessions/sessions.routes.ts';
import { signingKeysRoutes } from './signing-keys/signing-keys.routes.ts';
import { staffRoutes } from './staff/staff.routes.ts';

export interface AppDeps extends HealthDeps, Omit<IdempotencyDeps, 'pool' | 'findKeptFingerprint'> {
  metrics: AccountMetrics;
  gatewayTokens: GatewayTokens;
  people: People;
  /** Retention of completed Idempotency-Keys, shown in the OpenAPI document. */
  keyRetentionHours: number;
  masterKey: MasterKey;
  /** Decides the names of cookies. */
  publicUrl: string | undefined;
  hasher: PasswordHasher;
  reconciler: Reconciler;
  /** The services that may call, with their tokens. */
  callers: InternalCallers;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
  /** Override for tests. */
  longestTurnMs?: number;
}

/** The service without listener and background work, for main.ts and tests. */
export function buildApp(deps: AppDeps): Express {
  const routes = Router({ caseSensitive: true, strict: true });
  const requests = { ...deps, pool: deps.requestPool };
  const base = '/operations/accounts';
  // No key is kept beyond its retention.
  const keyed = { ...requests, findKeptFingerprint: async () => undefined };
  const pool = deps.requestPool;
  const sessions = {
    ...requests,
    accessTokens: createAccessTokens({ pool, masterKey: deps.masterKey }),
    cookies: createSessionCookies(deps.publicUrl),
  };
  routes.use(accountsRoutes(sessions));
  routes.use(sessionsRoutes(sessions));
  routes.use(profileRoutes(keyed));
  routes.use(addressesRoutes(keyed));
  routes.use(deletionRoutes(requests));
  routes.use(exportRoutes(requests));
  routes.use(passwordsRoutes(requests));
  routes.use(emailChangeRoutes(keyed));
  routes.use(lookupRoutes(requests));
  routes.use(staffRoutes(requests));
  routes.use(orderHistoryRoutes(requests));
  routes.use(deadLetterRoutes({ ...keyed, base, indispensable: [] }));
  routes.use(reconciliationRoutes({ ...keyed, base }));
  routes.use(streamRoutes({ ...deps, base, pool, draining: deps.lifecycle.draining }));
  return createApp({
    ...deps,
    internal: Router().use(signingKeysRoutes(requests), mailsRoutes(requests)),
    internalPaths: ['\\.well-known', 'internal'],
    operations,
    routes,
    name: 'accounts',
    describe: () => describeService(deps),
  });
}
