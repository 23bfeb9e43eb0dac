/**
 * The cost of an order in statements, requests, rows and bytes of WAL. Unlike times, these do not depend on the machine
 * and change only with the code.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import * as stockSide from '../../inventory-service/test/test-app.ts';
import * as orderSide from '../../order-service/test/test-app.ts';
import { recordStatements } from './record-statements.ts';

const ORDERS = 50;
const SKUS = ['MUG', 'CUP', 'JAR'];
const recording = recordStatements(['order_service', 'inventory_service']);
let orderDatabase: TestDatabase;
let stockDatabase: TestDatabase;
let inventory: stockSide.InventoryService;
let orders: orderSide.OrderService;
let requests = 0;

beforeAll(async () => {
  [orderDatabase, stockDatabase] = await Promise.all([
    orderSide.createOrderDatabase(),
    stockSide.createInventoryDatabase(),
  ]);
  atEnd(() => Promise.all([orderDatabase.drop(), stockDatabase.drop()]));
  atEnd(() => recording.stop());
  inventory = stockSide.startInventoryService(stockDatabase.pool);
  atEnd(() => inventory.stop());
  for (const sku of SKUS) await stockSide.stock(inventory, sku, 1_000_000);
  const server = createServer((req, res) => {
    requests += 1;
    inventory.http(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  orders = orderSide.startOrderService(orderDatabase, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  atEnd(() => orders.stop());
  for (const { ownerUrl } of [orderDatabase, stockDatabase]) {
    await withClient(ownerUrl, (client) => client.query('CREATE EXTENSION pg_walinspect'));
  }
  // Its timer would run a statement with the counted replays during a test.
  await orders.replays.stop();
  // The first change of each page is not counted.
  await placeMany(ORDERS);
  takeAll();
});

const anOrder = (n: number) =>
  orderSide.anOrder({ lines: [0, 1].map((line) => ({ sku: SKUS[(n + line) % SKUS.length], quantity: 1 })) });

/** Place this many orders concurrently; all are confirmed. */
async function placeMany(count: number): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => orderSide.post(orders, '/orders', anOrder(n))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(count).fill(201));
}

function takeAll() {
  const taken = {
    order: recording.take('order_service').length,
    stock: recording.take('inventory_service').length,
    requests,
  };
  requests = 0;
  return taken;
}

async function batches(): Promise<number> {
  const { values } = await orders.metrics.batchSize.get();
  return (
    values.find(({ metricName, labels }) => metricName === 'batch_size_count' && labels.stage === 'place')?.value ?? 0
  );
}

interface LogBytes {
  /** For the search by SKU. */
  skuIndex: number;
  others: number;
}

/** Bytes of WAL for this database, without full-page images. */
async function logBytes(url: string, work: () => Promise<void>): Promise<LogBytes> {
  return withClient(url, async (client) => {
    const place = async () => (await client.query('SELECT pg_current_wal_insert_lsn()::text AS lsn')).rows[0].lsn;
    const from = await place();
    await work();
    const { rows } = await client.query(
      /* sql */ `
      WITH blocks AS (
        SELECT start_lsn, record_length, block_fpi_length,
          relfilenode IS NOT DISTINCT FROM pg_relation_filenode(to_regclass('order_lines_sku_idx')) AS is_sku
        FROM pg_get_wal_block_info($1, $2, false)
        WHERE reldatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      ), records AS (
        SELECT max(record_length) - sum(coalesce(block_fpi_length, 0)) AS bytes, bool_or(is_sku) AS is_sku
        FROM blocks GROUP BY start_lsn
      ) SELECT coalesce(sum(bytes) FILTER (WHERE is_sku), 0)::float8 AS "skuIndex",
          sum(bytes) FILTER (WHERE NOT is_sku)::float8 AS others
        FROM records`,
      [from, await place()],
    );
    return rows[0];
  });
}

async function countRows(database: TestDatabase, tables: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const { rows } = await database.pool.query(`SELECT count(*)::integer AS count FROM ${table}`);
    counts[table] = rows[0].count;
  }
  return counts;
}

describe('orders that are placed together', () => {
  it('cost two statements, one request and one statement of stock for each batch', async () => {
    const before = await batches();
    await placeMany(ORDERS);
    const count = (await batches()) - before;
    expect(count).toBeLessThan(ORDERS / 2);
    const { stock, ...others } = takeAll();
    expect(others).toEqual({ order: 2 * count, requests: count });
    // Calls that arrive together share a statement.
    expect(stock).toBeLessThanOrEqual(count);
  });

  it('cost one statement of stock for any number of concurrent orders', async () => {
    const reservations = Array.from({ length: ORDERS }, () => stockSide.aReservation({ sku: 'MUG', quantity: 1 }));
    await stockSide.reserve(inventory, reservations).expect(200);
    expect(takeAll()).toMatchObject({ order: 0, stock: 1 });
  });

  it('write this many rows and no more', async () => {
    const tables = {
      order: ['orders', 'order_lines', 'order_timeline', 'idempotency_keys', 'outbox_messages', 'order_changes_queue'],
      stock: ['reservations', 'reservation_lines', 'stock_movements', 'stock_levels', 'outbox_messages'],
    };
    const read = async () => ({
      order: await countRows(orderDatabase, tables.order),
      stock: await countRows(stockDatabase, tables.stock),
    });
    const before = await read();
    await placeMany(ORDERS);
    const after = await read();
    const added = (side: 'order' | 'stock') =>
      tables[side].map((table) => ((after[side][table] ?? 0) - (before[side][table] ?? 0)) / ORDERS);
    expect(added('order')).toEqual([1, 2, 2, 1, 2, 2]);
    expect(added('stock')).toEqual([1, 2, 2, 0, 0]);
  });

  it('write no more WAL than the current limit', async () => {
    let stock = 0;
    const { others: order, skuIndex } = await logBytes(orderDatabase.ownerUrl, async () => {
      stock = (await logBytes(stockDatabase.ownerUrl, () => placeMany(ORDERS))).others;
    });
    // 4,730 and 1,070 with two lines, plus a tenth for page splits.
    expect(order / ORDERS).toBeLessThan(5_200);
    // 160 with two lines, plus a page split.
    expect(skuIndex / ORDERS).toBeGreaterThan(100);
    expect(skuIndex / ORDERS).toBeLessThan(340);
    expect(stock / ORDERS).toBeLessThan(1_180);
  });
});

describe('a request', () => {
  it('costs two statements when it repeats one', async () => {
    const key = 'a-key';
    const place = () => orderSide.post(orders, '/orders', anOrder(1), key).expect(201);
    await place();
    takeAll();
    await place();
    expect(takeAll()).toEqual({ order: 2, stock: 0, requests: 0 });
  });

  it.each([
    ['/orders', 1],
    ['/orders/:id', 1],
    ['/orders/:id/timeline', 2],
  ])('costs few statements when it reads %s', async (path, statements) => {
    const { rows } = await orderDatabase.pool.query('SELECT id FROM orders LIMIT 1');
    takeAll();
    await orderSide.get(orders, path.replace(':id', rows[0].id)).expect(200);
    expect(takeAll()).toEqual({ order: statements, stock: 0, requests: 0 });
  });

  it.each([
    ['/products', 1],
    ['/products/MUG', 1],
    ['/products/MUG/movements', 2],
  ])('costs few statements when it reads %s', async (path, statements) => {
    await stockSide.get(inventory, path).expect(200);
    expect(takeAll()).toMatchObject({ order: 0, stock: statements });
  });
});

describe('the indexes of orders', () => {
  it('are these, each with a reason, because each is written twice per order', async () => {
    const { rows } = await orderDatabase.pool.query(
      "SELECT indexname FROM pg_indexes WHERE tablename = 'orders' ORDER BY 1",
    );
    expect(rows.map(({ indexname }) => indexname)).toEqual([
      'orders_awaiting_idx', // the completer
      'orders_client_idx', // a client's list
      'orders_customer_id_idx', // a customer's list
      'orders_idempotency_key_key', // prevents a second order for a key
      'orders_number_key', // search by number
      'orders_pkey',
    ]);
  });

  it('are two for their lines', async () => {
    const { rows } = await orderDatabase.pool.query(
      "SELECT indexname FROM pg_indexes WHERE tablename = 'order_lines' ORDER BY 1",
    );
    expect(rows.map(({ indexname }) => indexname)).toEqual([
      'order_lines_pkey',
      'order_lines_sku_idx', // search by SKU
    ]);
  });
});
