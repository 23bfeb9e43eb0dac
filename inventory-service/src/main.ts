import { createRequire } from 'node:module';
import { acceptedTokens } from '@shop/chassis/config/read-config.ts';
import { createPool } from '@shop/chassis/db/pool.ts';
import { listen } from '@shop/chassis/http/server.ts';
import { startReplayCounter } from '@shop/chassis/idempotency/replay-counter.ts';
import { connectBroker } from '@shop/chassis/messaging/connection.ts';
import { startConsumer } from '@shop/chassis/messaging/consume.ts';
import { assertTopology, inventoryReservationsQueue } from '@shop/chassis/messaging/topology.ts';
import { startRelay } from '@shop/chassis/outbox/relay.ts';
import { createLifecycle, drainOnSignal } from '@shop/chassis/service/lifecycle.ts';
import { startReaper } from '@shop/chassis/service/reaper.ts';
import { createLogger } from '@shop/chassis/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/telemetry/metrics.ts';
import { buildApp } from './app.ts';
import { type Config, config } from './config.ts';
import { reservationCommandHandler } from './reservations/reservations.messages.ts';

const NAME = 'inventory-service';
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
const reaper = startReaper({ pool, log, keyRetentionHours: settings.KEY_RETENTION_HOURS });
const consumer = startConsumer({
  queue: inventoryReservationsQueue.name,
  definitions: inventoryReservationsQueue.messages,
  handle: reservationCommandHandler({ metrics, wakeRelay: relay.wake }),
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
  internalTokens: acceptedTokens(settings.INTERNAL_TOKEN, settings.INTERNAL_TOKEN_PREVIOUS),
  replays,
  wakeRelay: relay.wake,
});
const server = await listen(app.http, settings.HOST, settings.PORT);
lifecycle.enter('ready');
log.info({ port: server.port, version }, 'ready');

drainOnSignal(lifecycle, log, [
  { name: 'server', run: server.close },
  { name: 'batches', run: app.drain },
  { name: 'background', run: () => Promise.all([consumer.stop(), reaper.stop()]) },
  { name: 'relay', run: relay.stop },
  { name: 'replays', run: replays.stop },
  { name: 'broker', run: broker.close },
  { name: 'pool', run: () => pool.end() },
]);
