import { randomUUID } from 'node:crypto';
import type { ChannelModel } from 'amqplib';
import { createPool } from '../base/db/pool.ts';
import { createLogger } from '../base/telemetry/log.ts';
import { createMetrics, type Metrics } from '../base/telemetry/metrics.ts';
import { type Broker, connectBroker } from '../reliable/messaging/connection.ts';
import { assertTopology } from '../reliable/messaging/topology.ts';
import { type OutboxRow, toOutboxRow } from '../reliable/outbox/outbox-message.ts';
import { createTestBroker, type TestBroker } from './broker.ts';
import { eventually } from './eventually.ts';
import { createMessagingDatabase, type MessagingDatabase } from './messaging-database.ts';
import { accountOpenedV1, topology } from './queues.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Short enough for a test, and different enough to distinguish the delays. */
export const TEST_RETRY_DELAYS_MS = [50, 200];

/** High enough to isolate the message that kills its process. */
export const TEST_DELIVERY_LIMIT = 5;

export const silent = createLogger('test', 'silent');

/** The system time. */
export const now = () => new Date();

/** A database, a vhost, and a broker connection through a proxy that can interrupt it. */
export interface MessagingSystem {
  database: MessagingDatabase;
  server: TestBroker;
  network: TcpProxy;
  broker: Broker;
  metrics: Metrics;
  /** Connected, with empty tables and queues. */
  reset(): Promise<void>;
  drop(): Promise<void>;
}

/** Start a minimal system that sends and receives messages. */
export async function startMessagingSystem(): Promise<MessagingSystem> {
  const database = await createMessagingDatabase();
  const server = await createTestBroker();
  const network = await startTcpProxy(server.url);
  const broker = await connectTo(network.url);
  await eventually(() => broker.isConnected() || undefined);
  return {
    database,
    server,
    network,
    broker,
    metrics: createMetrics('test', '0'),
    async reset() {
      await eventually(() => broker.isConnected() || undefined);
      await database.truncate();
      await server.purge();
    },
    async drop() {
      await broker.close();
      await network.close();
      await server.drop();
      await database.drop();
    },
  };
}

/** Connect as a service does, with short retry delays. */
export function connectTo(url: string): Promise<Broker> {
  const setup = (model: ChannelModel) =>
    assertTopology(model, topology, { retryDelaysMs: TEST_RETRY_DELAYS_MS, deliveryLimit: TEST_DELIVERY_LIMIT });
  return connectBroker({ url, name: 'test', log: silent, setup });
}

/** A pool whose database cannot be reached until `restore`. */
export async function cutOffDatabase(url: string) {
  const route = await startTcpProxy(url);
  route.cut();
  const pool = createPool({ connectionString: route.url, applicationName: 'test', max: 2 }, silent);
  return {
    pool,
    restore: route.restore,
    async close() {
      await pool.end();
      await route.close();
    },
  };
}

/** A valid message about an opened account. */
export function openedMessage(accountId: string = randomUUID()): OutboxRow {
  const context = {
    subjectId: accountId,
    correlationId: 'test',
    occurredAt: new Date(),
    traceparent: '00-ab-cd-01',
  };
  return toOutboxRow(accountOpenedV1, { accountId }, context);
}

/** The value of a counter with these labels; 0 if it has none yet. */
export async function counted(metrics: Metrics, name: string, labels: Record<string, string> = {}): Promise<number> {
  const metric = await metrics.registry.getSingleMetric(name)?.get();
  const found = metric?.values.find((value) =>
    Object.entries(labels).every(([key, wanted]) => value.labels[key] === wanted),
  );
  return found?.value ?? 0;
}
