import { createRequire } from 'node:module';
import { acceptedTokens } from '@shop/chassis/base/config/read-config.ts';
import { startLoop } from '@shop/chassis/base/loop.ts';
import { createReconciler, startReconciliation } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { createFeed, ROUND_MS } from '@shop/chassis/reliable/feed/feed.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { serve, settingsOrExit, startRuntime } from '@shop/chassis/service/runtime.ts';
import { buildApp } from './app.ts';
import { config } from './config.ts';
import { withOrderMetrics } from './metrics.ts';
import { askSoon, startCompleter } from './orders/completer.ts';
import { orderChanges } from './orders/order-changes.sql.ts';
import { reservationReplyHandler } from './orders/orders.messages.ts';
import { reservationRepliesQueue, topology } from './queues.ts';
import { compareReservations } from './reconciliation/compare-reservations.ts';
import { mismatchKinds } from './reconciliation/judge.ts';
import { createReservationPages } from './reconciliation/reservation-pages.ts';
import { createInventoryTargets } from './reservations/inventory-targets.ts';
import { createReservationClient } from './reservations/reservation-client.ts';

const name = 'order-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const settings = settingsOrExit(name, config);
const runtime = await startRuntime({ name, version, settings, topology });
const { pool, now, log, tracing, wakeRelay } = runtime;
const metrics = withOrderMetrics(runtime.metrics);

const inventory = createInventoryTargets({
  urls: settings.INVENTORY_URL,
  internalToken: settings.ORDER_TO_INVENTORY_TOKEN,
  timeoutMs: settings.RESERVATION_TIMEOUT_MS,
  metrics,
  log,
  onRecovered: () =>
    askSoon(pool).catch((error: unknown) => log.warn({ err: error }, 'could not bring retries forward')),
});
const reservations = createReservationClient({ inventory, metrics, log });
const completer = startCompleter({ pool, metrics, log, tracing, now, wakeRelay });
const consumer = startConsumer({
  ...runtime,
  queue: reservationRepliesQueue.name,
  definitions: reservationRepliesQueue.messages,
  handle: reservationReplyHandler({ now, metrics, wakeRelay }),
});
const pages = createReservationPages({ inventory });
const graceSeconds = settings.RECONCILE_GRACE_SECONDS;
const reconciler = createReconciler({
  ...runtime,
  intervalSeconds: settings.RECONCILE_INTERVAL_SECONDS,
  kinds: mismatchKinds,
  subjectName: 'orderId',
  compare: (findings) => compareReservations({ pool, reservations: pages, graceSeconds, now, wakeRelay }, findings),
});
const changes = createFeed(orderChanges, runtime);
const sequencer = startLoop({ name: 'sequencer', intervalMs: ROUND_MS, log }, changes.round);
const app = buildApp({
  ...runtime,
  metrics,
  changes,
  reconciler,
  reservations,
  callers: {
    'account-service': acceptedTokens(settings.ACCOUNT_TO_ORDER_TOKEN, settings.ACCOUNT_TO_ORDER_TOKEN_PREVIOUS),
  },
  reservationTimeoutMs: settings.RESERVATION_TIMEOUT_MS,
});
const drainer = startDrainer({ ...runtime, queue: reservationRepliesQueue.name });

const reconciliation = startReconciliation(reconciler, log);

await serve(runtime, {
  ...app,
  background: [consumer, drainer, completer, reconciliation, sequencer],
  close: inventory.close,
});
