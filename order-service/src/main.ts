import { createRequire } from 'node:module';
import { acceptedTokens } from '@shop/chassis/config/read-config.ts';
import { createPool } from '@shop/chassis/db/pool.ts';
import { listen } from '@shop/chassis/http/server.ts';
import { startReplayCounter } from '@shop/chassis/idempotency/replay-counter.ts';
import { connectBroker } from '@shop/chassis/messaging/connection.ts';
import { startConsumer } from '@shop/chassis/messaging/consume.ts';
import { assertTopology, orderReservationRepliesQueue } from '@shop/chassis/messaging/topology.ts';
import { startRelay } from '@shop/chassis/outbox/relay.ts';
import { createLifecycle, drainOnSignal } from '@shop/chassis/service/lifecycle.ts';
import { startReaper } from '@shop/chassis/service/reaper.ts';
import { createLogger } from '@shop/chassis/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/telemetry/metrics.ts';
import { buildApp } from './app.ts';
import { type Config, config } from './config.ts';
import { askSoon } from './orders/ask-again.ts';
import { startCompleter } from './orders/completer.ts';
import { reservationReplyHandler } from './orders/orders.messages.ts';
import { createReservationClient } from './reservations/reservation-client.ts';

const NAME = 'order-service';
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

function configOrExit(): Config {
  try {
    return config();
  } catch (error) {
    console.error(`${NAME}: ${(error as Error).message}`);
    process.exit(1);
  }
}

const settings = configOrExit();
const log = createLogger(NAME, settings.LOG_LEVEL);
const metrics = createMetrics(NAME, version);
const lifecycle = createLifecycle();
const now = () => new Date();

const pool = createPool(
  { connectionString: settings.DATABASE_URL, applicationName: NAME, max: settings.DATABASE_POOL_SIZE },
  log,
);
const broker = await connectBroker({
  url: settings.RABBITMQ_URL,
  name: NAME,
  log,
  setup: (channel) => assertTopology(channel),
});
const relay = startRelay({ pool, broker, metrics, log });
const replays = startReplayCounter(pool, log);
const reservations = createReservationClient({
  urls: settings.INVENTORY_URL,
  internalToken: settings.INTERNAL_TOKEN,
  metrics,
  log,
  onRecovered: () =>
    askSoon(pool).catch((error: unknown) => log.warn({ err: error }, 'waiting orders keep their time')),
});
const completer = startCompleter({ pool, metrics, log, now, wakeRelay: relay.wake });
const reaper = startReaper({ pool, log, keyRetentionHours: settings.KEY_RETENTION_HOURS });
const consumer = startConsumer({
  queue: orderReservationRepliesQueue.name,
  definitions: orderReservationRepliesQueue.messages,
  handle: reservationReplyHandler(now, relay.wake),
  broker,
  pool,
  metrics,
  log,
});

const app = buildApp({
  pool,
  broker,
  lifecycle,
  metrics,
  log,
  version,
  gatewayTokens: acceptedTokens(settings.GATEWAY_TOKEN, settings.GATEWAY_TOKEN_PREVIOUS),
  reservations,
  reservationTimeoutMs: settings.RESERVATION_TIMEOUT_MS,
  replays,
  now,
  wakeRelay: relay.wake,
});
const server = await listen(app.http, settings.HOST, settings.PORT);
lifecycle.enter('ready');
log.info({ port: server.port, version }, 'ready');

drainOnSignal(lifecycle, log, [
  { name: 'server', run: server.close },
  { name: 'batches', run: app.drain },
  // Together, for each may have to wait for the broker; what the relay does not send now, another process will.
  {
    name: 'background',
    run: () => Promise.all([consumer.stop(), relay.stop(), completer.stop(), reaper.stop(), replays.stop()]),
  },
  { name: 'reservations', run: reservations.close },
  { name: 'broker', run: broker.close },
  { name: 'pool', run: () => pool.end() },
]);
