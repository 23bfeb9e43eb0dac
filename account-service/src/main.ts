import { createRequire } from 'node:module';
import { acceptedTokens } from '@shop/chassis/base/config/read-config.ts';
import { createReconciler, startReconciliation } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { buildApp } from './app.ts';
import { config, masterKeysOf } from './config.ts';
import { createMasterKey } from './master-key.ts';
import { withAccountMetrics } from './metrics.ts';
import { compareHistory, mismatchKinds } from './order-history/compare-history.ts';
import { startOrderHistory } from './order-history/order-history.ts';
import { createOrderSource } from './order-history/order-source.ts';
import { createPasswordHasher } from './passwords/password-hasher.ts';
import { orderHistoryQueue, topology } from './queues.ts';
import { startRemovingExpired } from './remove-expired.ts';
import { startMeasuringKeys } from './signing-keys/measure-keys.ts';

const name = 'account-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const settings = settingsOrExit(name, config);
const runtime = await startRuntime({ name, version, settings, topology });

const { pool, log } = runtime;
const metrics = withAccountMetrics(runtime.metrics);
const orders = createOrderSource({ urls: settings.ORDER_URL, internalToken: settings.ACCOUNT_TO_ORDER_TOKEN, log });
const reconciler = createReconciler({
  ...runtime,
  intervalSeconds: settings.RECONCILE_INTERVAL_SECONDS,
  kinds: mismatchKinds,
  subjectName: 'orderId',
  compare: (findings) => compareHistory({ pool, orders, graceSeconds: settings.RECONCILE_GRACE_SECONDS }, findings),
});
const masterKey = createMasterKey(masterKeysOf(settings));
const callers = {
  'notification-service': acceptedTokens(
    settings.NOTIFICATION_TO_ACCOUNT_TOKEN,
    settings.NOTIFICATION_TO_ACCOUNT_TOKEN_PREVIOUS,
  ),
};
const http = buildApp({
  ...runtime,
  metrics,
  masterKey,
  publicUrl: settings.PUBLIC_URL,
  hasher: createPasswordHasher(),
  reconciler,
  callers,
});
await serve(runtime, {
  http,
  drain: async () => {},
  background: [
    startRemovingExpired(runtime),
    startMeasuringKeys({ ...runtime, metrics, masterKey }),
    startOrderHistory({ ...runtime, orders }),
    startDrainer({ ...runtime, queue: orderHistoryQueue.name }),
    startReconciliation(reconciler, log),
  ],
  close: orders.close,
});
