import { createRequire } from 'node:module';
import { acceptedTokens } from '@shop/chassis/base/config/read-config.ts';
import { createReconciler, startReconciliation } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { buildApp } from './app.ts';
import { config } from './config.ts';
import { withInventoryMetrics } from './metrics.ts';
import { reservationsQueue, topology } from './queues.ts';
import { compareSums, mismatchKinds } from './reconciliation/compare-sums.ts';
import { reservationCommandHandler } from './reservations/reservations.messages.ts';

const name = 'inventory-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const settings = settingsOrExit(name, config);
const runtime = await startRuntime({ name, version, settings, topology });

const metrics = withInventoryMetrics(runtime.metrics);

const consumer = startConsumer({
  ...runtime,
  queue: reservationsQueue.name,
  definitions: reservationsQueue.messages,
  handle: reservationCommandHandler({ ...runtime, metrics }),
});

const drainer = startDrainer({ ...runtime, queue: reservationsQueue.name });
const reconciler = createReconciler({
  ...runtime,
  intervalSeconds: settings.RECONCILE_INTERVAL_SECONDS,
  kinds: mismatchKinds,
  subjectName: 'sku',
  compare: (findings) => compareSums(runtime.pool, findings),
});
const app = buildApp({
  ...runtime,
  metrics,
  reconciler,
  callers: {
    'order-service': acceptedTokens(settings.ORDER_TO_INVENTORY_TOKEN, settings.ORDER_TO_INVENTORY_TOKEN_PREVIOUS),
  },
});
const reconciliation = startReconciliation(reconciler, runtime.log);

await serve(runtime, { ...app, background: [consumer, drainer, reconciliation] });
