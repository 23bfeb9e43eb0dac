/** The order histories of account-service, from the events and the HTTP interface of a real order-service. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { compareHistory } from '@shop/account-service/order-history/compare-history.ts';
import { historyStates, listHistory } from '@shop/account-service/order-history/order-history.sql.ts';
import { startOrderHistory } from '@shop/account-service/order-history/order-history.ts';
import { createOrderSource } from '@shop/account-service/order-history/order-source.ts';
import { rebuildHistory } from '@shop/account-service/order-history/rebuild-history.ts';
import { orderHistoryQueue, topology } from '@shop/account-service/queues.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { subject } from '@shop/chassis/contract/subject.ts';
import { readDigests } from '@shop/chassis/operations/reconciliation/digests.ts';
import type { Mismatch } from '@shop/chassis/operations/reconciliation/run.ts';
import { startDrainer } from '@shop/chassis/reliable/dead-letters/drainer.ts';
import { connectBroker } from '@shop/chassis/reliable/messaging/connection.ts';
import { assertTopology } from '@shop/chassis/reliable/messaging/topology.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted, silent } from '@shop/chassis/testing/messaging.ts';
import { startProgram } from '@shop/chassis/testing/start-program.ts';
import { startTcpProxy, type TcpProxy } from '@shop/chassis/testing/tcp-proxy.ts';
import { shopperOrderStates } from '@shop/order-service/shopper-orders/shopper-orders.sql.ts';
import { v7 as uuidv7 } from 'uuid';
import { type Answer, INTERNAL_TOKEN, type Services, startServices } from './model/services.ts';
import { placingOrders } from './shopper-orders.ts';

let services: Services;
let shoppers: ReturnType<typeof placingOrders>;
let database: TestDatabase;
/** Between the histories and order-service. */
let proxy: TcpProxy;
beforeAll(async () => {
  services = await startServices();
  atEnd(() => services.stop());
  await services.inventoryDb.query(`WITH p AS (INSERT INTO products (sku, name) VALUES ('MUG', 'Mug') RETURNING sku)
    INSERT INTO stock_levels (sku, on_hand) SELECT sku, 10000 FROM p`);
  shoppers = placingOrders(services);
  atEnd(shoppers.close);
  database = await createTestDatabase('account-service', join(__dirname, '../account-service/migrations'));
  atEnd(() => database.drop());
});
beforeEach(async () => {
  await database.truncate();
  await services.server.withChannel(async (channel) => {
    for (const { name } of await services.server.queues())
      if (name.startsWith(orderHistoryQueue.name)) await channel.deleteQueue(name);
  });
  proxy = await startTcpProxy(services.urls.orders);
  atEnd(() => proxy.close());
});

function source(timeoutMs = 30_000) {
  const options = { urls: [proxy.url.replace(/\/$/, '')], internalToken: INTERNAL_TOKEN, log: silent, timeoutMs };
  const orders = createOrderSource(options);
  atEnd(orders.close);
  return orders;
}

/** The part of account-service that keeps the histories, as in its main.ts. */
async function start(timeoutMs?: number) {
  const metrics = createMetrics('account-service', 'test');
  const { pool } = database;
  const broker = await connectBroker({
    ...{ url: services.server.url, name: 'account-service', log: silent },
    setup: (model) => assertTopology(model, topology),
  });
  await eventually(() => broker.isConnected() || undefined);
  const runtime = { pool, broker, metrics, now: () => new Date(), log: silent, subject, tracing: undefined };
  const history = startOrderHistory({
    ...runtime,
    orders: source(timeoutMs),
    catchUpIntervalMs: 100,
    probeIntervalMs: 50,
  });
  const drainer = startDrainer({ ...runtime, queue: orderHistoryQueue.name });
  let isRunning = true;
  const service = {
    metrics,
    async stop() {
      if (!isRunning) return;
      isRunning = false;
      await Promise.all([history.stop(), drainer.stop()]);
      await broker.close();
    },
  };
  atEnd(service.stop);
  return service;
}

/** Started, and no events were missed so far. */
async function startCaughtUp(timeoutMs?: number) {
  const service = await start(timeoutMs);
  await eventually(async () => (await database.pool.query('SELECT FROM catch_ups')).rowCount === 1 || undefined);
  return service;
}

const call = (path: string, body: object): Promise<Answer> =>
  services.call({
    ...{ service: 'orders', method: 'POST', path, body, requestId: randomUUID(), key: randomUUID() },
    caller: { clientId: 'back-office', group: 'backoffice' },
  });
const cancel = (id: string) => call(`/orders/${id}/cancellation`, {});
const published = () =>
  eventually(
    async () => (await services.orderDb.query('SELECT FROM outbox_messages LIMIT 1')).rowCount === 0 || undefined,
  );
const digests = async () => [
  await readDigests(services.orderDb, shopperOrderStates),
  await readDigests(database.pool, historyStates),
];
/** Wait until all 256 digests are equal. */
async function becomesEqual(): Promise<void> {
  await published();
  await eventually(async () => {
    const [orders, history] = await digests();
    expect(history).toEqual(orders);
    return true;
  });
}
const deadLetters = async () => (await database.pool.query('SELECT queue, reason, status FROM dead_letters')).rows;

async function reconcile(graceSeconds = 0) {
  const found: Mismatch[] = [];
  const counts: Record<string, number> = {};
  await compareHistory(
    { pool: database.pool, orders: source(), graceSeconds },
    {
      ...{ isFull: true, known: {}, startedAt: new Date(), signal: new AbortController().signal, atEnd: () => {} },
      count(what, many) {
        counts[what] = (counts[what] ?? 0) + many;
      },
      report: (mismatch) => found.push(mismatch),
    },
  );
  return { found, counts };
}

describe('the history', () => {
  it('has the orders of shoppers with every change, and no order of a machine, whatever its customer says', async () => {
    const before = uuidv7();
    await shoppers.place(before);
    await startCaughtUp();
    const account = uuidv7();
    const first = await shoppers.place(account, 2);
    const second = await shoppers.place(account);
    await cancel(second);
    const machine = await services.call({
      ...{ service: 'orders', method: 'POST', path: '/orders', requestId: randomUUID(), key: randomUUID() },
      caller: { clientId: 'shop', group: 'storefront' },
      body: { customerId: account, currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1 }] },
    });
    expect(machine.status).toBe(201);
    await becomesEqual();
    expect(await listHistory(database.pool, account, { limit: 10 })).toEqual([
      expect.objectContaining({ id: second, status: 'cancelled', version: 3, total: 900 }),
      expect.objectContaining({ id: first, status: 'confirmed', version: 2, total: 1_800, lineCount: 1 }),
    ]);
    expect(await listHistory(database.pool, before, { limit: 10 })).toHaveLength(1);
  });

  it('does not change by events that come twice, or after newer ones', async () => {
    const service = await startCaughtUp();
    const id = await shoppers.place(uuidv7());
    await cancel(id);
    await becomesEqual();
    const event = {
      ...{ type: 'order.confirmed', version: 1, occurredAt: new Date().toISOString(), producer: 'order-service' },
      ...{ correlationId: 'again', payload: { orderId: id, number: 'ORD-1', clientId: 'web', version: 2 } },
    };
    const confirmed = { ...event, payload: { ...event.payload, confirmedAt: new Date().toISOString() } };
    const repeated = randomUUID();
    await services.server.withChannel(async (channel) => {
      for (const messageId of [repeated, repeated, randomUUID()])
        channel.sendToQueue(orderHistoryQueue.name, Buffer.from(JSON.stringify({ id: messageId, ...confirmed })));
      await channel.waitForConfirms();
    });
    await eventually(async () => {
      const duplicates = { queue: orderHistoryQueue.name, outcome: 'duplicate' };
      return (await counted(service.metrics, 'messages_handled_total', duplicates)) === 1 || undefined;
    });
    await becomesEqual();
    const { rows } = await database.pool.query('SELECT status, version FROM order_history WHERE order_id = $1', [id]);
    expect(rows).toEqual([{ status: 'cancelled', version: 3 }]);
  });

  it('is complete after account-service was away for long', async () => {
    const service = await startCaughtUp();
    await service.stop();
    const ids = [await shoppers.place(uuidv7()), await shoppers.place(uuidv7())];
    await cancel(ids[0] as string);
    await published();
    await start();
    await becomesEqual();
  });

  it('waits while order-service is away, without dead letters, and says how far it is behind', async () => {
    const service = await startCaughtUp(500);
    proxy.cut();
    const id = await shoppers.place(uuidv7());
    await published();
    await eventually(async () => {
      return (await counted(service.metrics, 'order_history_behind_seconds')) > 2 || undefined;
    });
    expect(await services.server.depth(`${orderHistoryQueue.name}.retry.1s`)).toBe(0);
    proxy.restore();
    await becomesEqual();
    expect((await database.pool.query('SELECT FROM order_history WHERE order_id = $1', [id])).rowCount).toBe(1);
    expect(await deadLetters()).toEqual([]);
  });

  it('is complete after its process was killed while it waited for order-service', async () => {
    const env = {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', DATABASE_URL: database.url },
      ...{ RABBITMQ_URL: services.server.url, GATEWAY_TOKEN: 'g'.repeat(32), GATEWAY_KEYLESS_TOKEN: 'k'.repeat(32) },
      ...{ ACCOUNT_MASTER_KEY: 'm'.repeat(32), ACCOUNT_TO_ORDER_TOKEN: INTERNAL_TOKEN },
      NOTIFICATION_TO_ACCOUNT_TOKEN: 'n'.repeat(32),
      ORDER_URL: proxy.url.replace(/\/$/, ''),
    };
    const main = join(__dirname, '../account-service/src/main.ts');
    const { child, written } = startProgram(process.execPath, [main], { env });
    await eventually(() => /caught up with the producer/.test(written.output) || undefined);
    proxy.freeze();
    await shoppers.place(uuidv7());
    await published();
    // Its transaction is open, with the event in its inbox.
    await eventually(async () => {
      const { rowCount } = await database.pool.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      );
      return (rowCount ?? 0) > 0 || undefined;
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    proxy.thaw();
    await start();
    await becomesEqual();
  });
});

describe('the reconciliation', () => {
  it('finds orders whose events were lost, and reads them again', async () => {
    const service = await startCaughtUp();
    const behind = await shoppers.place(uuidv7());
    await becomesEqual();
    await service.stop();
    const missing = await shoppers.place(uuidv7());
    await cancel(behind);
    await published();
    await services.server.withChannel((channel) => channel.purgeQueue(orderHistoryQueue.name));
    const { found, counts } = await reconcile();
    expect(found).toHaveLength(2);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'history-behind', subject: behind, found: 'confirmed, version 2' }),
        expect.objectContaining({ kind: 'history-missing', subject: missing, expected: 'confirmed, version 2' }),
      ]),
    );
    expect(counts.differingBuckets).toBeGreaterThan(0);
    const [orders, history] = await digests();
    expect(history).toEqual(orders);
    expect(await reconcile()).toMatchObject({ found: [], counts: { differingBuckets: 0 } });
  });

  it('replaces rows that are ahead of their order or have none, as after a restore of order-service', async () => {
    const service = await startCaughtUp();
    const ahead = await shoppers.place(uuidv7());
    const other = await shoppers.place(uuidv7());
    await becomesEqual();
    await service.stop();
    const ghost = uuidv7();
    const change = (sql: string, ids: string[]) => database.pool.query(sql, ids);
    await change(`UPDATE order_history SET version = 7, status = 'shipped' WHERE order_id = $1`, [ahead]);
    await change(`UPDATE order_history SET status = 'shipped' WHERE order_id = $1`, [other]);
    await change(
      `INSERT INTO order_history SELECT $1, account_id, number, status, total, currency, placed_at, version, view
       FROM order_history WHERE order_id = $2`,
      [ghost, ahead],
    );
    const { found } = await reconcile();
    expect(Object.fromEntries(found.map(({ subject: id, kind }) => [id, kind]))).toEqual({
      ...{ [ahead]: 'history-ahead', [other]: 'history-ahead', [ghost]: 'history-unknown' },
    });
    const [orders, history] = await digests();
    expect(history).toEqual(orders);
  });

  it('reports nothing that changes during its grace period', async () => {
    const service = await startCaughtUp();
    await becomesEqual();
    await service.stop();
    const id = await shoppers.place(uuidv7());
    const running = reconcile(1);
    await start();
    const { found } = await running;
    expect(found).toEqual([]);
    await eventually(async () => {
      return (
        (await database.pool.query('SELECT FROM order_history WHERE order_id = $1', [id])).rowCount === 1 || undefined
      );
    });
  });
});

describe('a rebuild', () => {
  it('writes what is missing beside the running service, and goes on where it was interrupted', async () => {
    const account = uuidv7();
    for (let n = 0; n < 5; n += 1) await shoppers.place(account);
    const orders = source();
    const { pool } = database;
    // Pages of two orders, and an interruption after the first.
    const paged = {
      async page(after: string | undefined, signal: AbortSignal) {
        const { items } = await orders.page(after, signal);
        const part = items.slice(0, 2);
        return part.length < items.length ? { items: part, next: part.at(-1)?.id } : { items: part };
      },
    };
    const stopping = new AbortController();
    const interrupted = rebuildHistory({
      ...{ pool, orders: paged, restart: false, signal: stopping.signal },
      onPage: () => stopping.abort(new Error('interrupted')),
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    const rows = async () => (await pool.query('SELECT FROM order_history')).rowCount;
    expect(await rows()).toBe(2);
    const signal = new AbortController().signal;
    const placing = shoppers.place(account);
    const { done, written } = await rebuildHistory({ pool, orders: paged, restart: false, signal });
    await placing;
    const total = (await services.orderDb.query(`SELECT FROM orders WHERE client_id = 'web'`)).rowCount ?? 0;
    expect(done).toBeGreaterThanOrEqual(total - 1);
    expect(written).toBe(done - 2);
    expect(await rebuildHistory({ pool, orders, restart: true, signal })).toMatchObject({ done: total });
    const [atOrders, history] = await digests();
    expect(history).toEqual(atOrders);
    expect((await pool.query('SELECT FROM order_history_rebuild')).rowCount).toBe(0);
  });
});
