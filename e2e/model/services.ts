import { join } from 'node:path';
import { createRequestShare } from '@shop/chassis/base/db/request-share.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { subject } from '@shop/chassis/contract/subject.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import { listen } from '@shop/chassis/edge/server.ts';
import { createReconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { createFeed } from '@shop/chassis/reliable/feed/feed.ts';
import { startReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import { connectBroker } from '@shop/chassis/reliable/messaging/connection.ts';
import { startConsumer } from '@shop/chassis/reliable/messaging/consume.ts';
import { assertTopology, type Topology } from '@shop/chassis/reliable/messaging/topology.ts';
import { startRelay } from '@shop/chassis/reliable/outbox/relay.ts';
import { createLifecycle } from '@shop/chassis/service/lifecycle.ts';
import { createTestBroker, type TestBroker } from '@shop/chassis/testing/broker.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { nobody } from '@shop/chassis/testing/token-issuer.ts';
import { buildApp as buildInventoryApp } from '@shop/inventory-service/app.ts';
import { withInventoryMetrics } from '@shop/inventory-service/metrics.ts';
import { topology as inventoryTopology, reservationsQueue } from '@shop/inventory-service/queues.ts';
import { compareSums, mismatchKinds as sumKinds } from '@shop/inventory-service/reconciliation/compare-sums.ts';
import { reservationCommandHandler } from '@shop/inventory-service/reservations/reservations.messages.ts';
import { buildApp as buildOrderApp } from '@shop/order-service/app.ts';
import { withOrderMetrics } from '@shop/order-service/metrics.ts';
import { startCompleter } from '@shop/order-service/orders/completer.ts';
import { orderChanges } from '@shop/order-service/orders/order-changes.sql.ts';
import { reservationReplyHandler } from '@shop/order-service/orders/orders.messages.ts';
import { topology as orderTopology, reservationRepliesQueue } from '@shop/order-service/queues.ts';
import { compareReservations } from '@shop/order-service/reconciliation/compare-reservations.ts';
import { mismatchKinds as orderKinds } from '@shop/order-service/reconciliation/judge.ts';
import { createReservationPages } from '@shop/order-service/reconciliation/reservation-pages.ts';
import { createInventoryTargets, type InventoryTargets } from '@shop/order-service/reservations/inventory-targets.ts';
import { createReservationClient } from '@shop/order-service/reservations/reservation-client.ts';

const GATEWAY_TOKEN = 'g'.repeat(32);
/** The token of every call between services. */
export const INTERNAL_TOKEN = 'i'.repeat(32);
const log = createLogger('model', process.env.TEST_LOG_LEVEL ?? 'silent');
const now = () => new Date();
// Nothing listens on this port.
const NOWHERE = 'http://127.0.0.1:1';

/** The caller in the headers of the gateway. */
export interface Caller {
  clientId: string;
  group: 'storefront' | 'backoffice';
}

export interface Call {
  service: 'orders' | 'inventory';
  method: string;
  path: string;
  caller: Caller;
  requestId: string;
  key?: string;
  body?: object;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: any body is compared
  body: any;
}

export type Services = Awaited<ReturnType<typeof startServices>>;

/** Both services in this process, wired as in their main.ts, with separate databases and a separate vhost. */
export async function startServices() {
  const [orderDb, inventoryDb, server] = await Promise.all([
    createTestDatabase('order-service', join(__dirname, '../../order-service/migrations')),
    createTestDatabase('inventory-service', join(__dirname, '../../inventory-service/migrations')),
    createTestBroker(),
  ]);
  const inventory = await startInventory(inventoryDb, server);
  const orders = await startOrders(orderDb, server, `http://127.0.0.1:${inventory.port}`);
  const ports = { orders: orders.port, inventory: inventory.port };

  async function callOnce({ service, method, path, caller, requestId, key, body }: Call): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${ports[service]}${path}`, {
      method,
      headers: {
        'x-gateway-token': GATEWAY_TOKEN,
        'x-consumer-custom-id': caller.clientId,
        'x-consumer-groups': caller.group,
        'x-kong-request-id': requestId,
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  }

  return {
    orderDb: orderDb.pool,
    inventoryDb: inventoryDb.pool,
    server,
    urls: { orders: `http://127.0.0.1:${ports.orders}`, inventory: `http://127.0.0.1:${ports.inventory}` },
    /** Repeats requests that a busy machine refuses without effect. */
    async call(call: Call): Promise<Answer> {
      return eventually(async () => {
        const answer = await callOnce(call);
        return answer.status === 503 && answer.body.code === 'overloaded' ? undefined : answer;
      });
    },
    /** Makes inventory-service unreachable by HTTP and by message. */
    async cutInventory(): Promise<void> {
      orders.reach(false);
      await inventory.pause();
    },
    restoreInventory(): void {
      orders.reach(true);
      inventory.resume();
    },
    /** Resolves when these clients have no order that waits for a reply of inventory-service. */
    async caughtUp(clientIds: readonly string[]): Promise<void> {
      const sql = 'SELECT id, awaiting FROM orders WHERE awaiting IS NOT NULL AND client_id = ANY ($1)';
      await eventually(async () => {
        const { rows } = await orderDb.pool.query(sql, [clientIds]);
        if (rows.length > 0) throw new Error(`no reply from inventory-service: ${JSON.stringify(rows)}`);
        return true;
      });
    },
    async stop(): Promise<void> {
      await orders.stop();
      await inventory.stop();
      await Promise.all([orderDb.drop(), inventoryDb.drop(), server.drop()]);
    },
  };
}

/** Never scheduled during a run, only on request. */
const RECONCILIATION = { intervalSeconds: 86_400 };

async function startRuntime(name: string, topology: Topology, database: TestDatabase, server: TestBroker) {
  const pool = patientPool(database.url);
  const metrics = createMetrics(name, 'test');
  const broker = await connectBroker({ url: server.url, name, log, setup: (model) => assertTopology(model, topology) });
  await eventually(() => broker.isConnected() || undefined);
  const relay = startRelay({ pool, broker, metrics, now, log, subject });
  const lifecycle = createLifecycle();
  lifecycle.enter('ready');
  const replays = startReplayCounter(pool, log);
  return {
    subject,
    pool,
    metrics,
    broker,
    log,
    lifecycle,
    replays,
    requestPool: createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine }),
    keyRetentionHours: 72,
    version: 'test',
    gatewayTokens: { keyed: [GATEWAY_TOKEN], keyless: [] },
    people: nobody,
    now,
    wakeRelay: relay.wake,
    async stop() {
      await Promise.all([relay.stop(), replays.stop()]);
      await broker.close();
      await pool.end();
    },
  };
}

async function startInventory(database: TestDatabase, server: TestBroker) {
  const runtime = await startRuntime('inventory-service', inventoryTopology, database, server);
  const metrics = withInventoryMetrics(runtime.metrics);
  const reconciler = createReconciler({
    ...runtime,
    ...RECONCILIATION,
    kinds: sumKinds,
    subjectName: 'sku',
    compare: (findings) => compareSums(runtime.pool, findings),
  });
  const { http, drain } = buildInventoryApp({
    ...runtime,
    metrics,
    reconciler,
    callers: { 'order-service': [INTERNAL_TOKEN] },
  });
  const { name: queue, messages: definitions } = reservationsQueue;
  const drainer = startDrainer({ ...runtime, queue });
  const consume = () =>
    startConsumer({ ...runtime, queue, definitions, handle: reservationCommandHandler({ ...runtime, metrics }) });
  let consumer = consume();
  const { port, close } = await listen(http, '127.0.0.1', 0);
  return {
    port,
    pause: () => consumer.stop(),
    resume() {
      consumer = consume();
    },
    async stop() {
      await close();
      await drain();
      await Promise.all([consumer.stop(), drainer.stop()]);
      await runtime.stop();
    },
  };
}

async function startOrders(database: TestDatabase, server: TestBroker, inventoryUrl: string) {
  const runtime = await startRuntime('order-service', orderTopology, database, server);
  const metrics = withOrderMetrics(runtime.metrics);
  // Two clients, because a breaker would take time to close: the current one decides whether inventory-service is
  // reachable.
  const [inventory, nowhere] = [inventoryUrl, NOWHERE].map((url) =>
    createInventoryTargets({ urls: [url], internalToken: INTERNAL_TOKEN, timeoutMs: 1_500, metrics, log }),
  ) as [InventoryTargets, InventoryTargets];
  const reaching = createReservationClient({ inventory, metrics, log });
  const failing = createReservationClient({ inventory: nowhere, metrics, log });
  let current = reaching;
  const pages = createReservationPages({ inventory });
  const reconciler = createReconciler({
    ...runtime,
    ...RECONCILIATION,
    kinds: orderKinds,
    subjectName: 'orderId',
    compare: (findings) => compareReservations({ ...runtime, reservations: pages, graceSeconds: 120 }, findings),
  });
  const { http, drain } = buildOrderApp({
    ...runtime,
    metrics,
    reconciler,
    callers: { 'account-service': [INTERNAL_TOKEN] },
    changes: createFeed(orderChanges, { ...runtime, metrics }),
    reservations: { reserve: (...request) => current.reserve(...request) },
    reservationTimeoutMs: 1_500,
  });
  const { name: queue, messages: definitions } = reservationRepliesQueue;
  const handle = reservationReplyHandler({ ...runtime, metrics });
  const background = [
    startConsumer({ ...runtime, queue, definitions, handle }),
    startDrainer({ ...runtime, queue }),
    startCompleter({ ...runtime, metrics }),
  ];
  const { port, close } = await listen(http, '127.0.0.1', 0);
  return {
    port,
    reach(isReachable: boolean) {
      current = isReachable ? reaching : failing;
    },
    async stop() {
      await close();
      await drain();
      await Promise.all(background.map((part) => part.stop()));
      await Promise.all([inventory.close(), nowhere.close()]);
      await runtime.stop();
    },
  };
}
