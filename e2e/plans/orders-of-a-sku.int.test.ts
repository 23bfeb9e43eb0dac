/** What a page of the orders of a SKU reads, for a SKU of all orders and for a rare one, compared with one of a few orders. */

import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { listOrders, type OrderFilter } from '@shop/order-service/orders/orders.sql.ts';
import * as orderSide from '../../order-service/test/test-app.ts';

interface Node {
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  Plans?: Node[];
}

const ORDERS = 100_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await orderSide.createOrderDatabase();
  atEnd(() => database.drop());
  await withClient(database.ownerUrl, async (client) => {
    // All orders have a line of HOT, the oldest and one in the middle also one of RARE, and every 1,000th one of FEW.
    await client.query(
      `INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, idempotency_key, fingerprint, created_at, updated_at)
       SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, 'storefront-1', 'c' || n % 7, 'EUR',
         'confirmed', 'confirmed', 'k' || n, '', now(), now()
       FROM generate_series(1, ${ORDERS}) AS n`,
    );
    await client.query(
      `INSERT INTO order_lines SELECT o.id, l.position, l.sku, 1
       FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM orders) AS o, LATERAL (VALUES
         (0, 'HOT', true), (1, 'RARE', n IN (1, ${ORDERS / 2})), (2, 'FEW', n % 1000 = 0)) AS l (position, sku, has)
       WHERE l.has`,
    );
    await client.query('VACUUM (ANALYZE)');
  });
});

/** The plans of the statements for one page, as executed. */
async function plansOf(filter: OrderFilter): Promise<Node[]> {
  const plans: Node[] = [];
  const explaining = {
    async query(text: string, values: unknown[]) {
      const { rows } = await database.pool.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values);
      plans.push(rows[0]['QUERY PLAN'][0].Plan);
      return await database.pool.query(text, values);
    },
  } as unknown as Queryable;
  await listOrders(explaining, filter, 50);
  return plans;
}

const blocks = (plans: Node[]) =>
  plans.reduce((sum, plan) => sum + plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], 0);

function rowsOf(index: string, nodes: Node[]): number {
  return nodes.reduce(
    (sum, node) =>
      sum +
      (node['Index Name'] === index ? node['Actual Rows'] * node['Actual Loops'] : 0) +
      rowsOf(index, node.Plans ?? []),
    0,
  );
}

const middle = '00000000-c350-7000-8000-00000000c350';

describe('a page of the orders of a SKU', () => {
  it('reads as much of a SKU of all orders as of one of a hundred, at the start and in the middle', async () => {
    const few = blocks(await plansOf({ sku: 'FEW' }));
    expect(blocks(await plansOf({ sku: 'HOT' }))).toBeLessThan(2 * few);
    expect(blocks(await plansOf({ sku: 'HOT', before: middle }))).toBeLessThan(2 * few);
    expect(rowsOf('order_lines_sku_idx', await plansOf({ sku: 'HOT' }))).toBeLessThanOrEqual(52);
  });

  it('finds a rare SKU by its lines alone', async () => {
    const few = blocks(await plansOf({ sku: 'FEW' }));
    for (const filter of [{}, { clientId: 'storefront-1' }, { before: middle }, { status: 'confirmed' as const }])
      expect(blocks(await plansOf({ sku: 'RARE', ...filter }))).toBeLessThan(few);
    expect(blocks(await plansOf({ sku: 'NONE' }))).toBeLessThan(10);
  });

  it('reads at most 1,000 lines for a filter that no order passes', async () => {
    for (const filter of [{ status: 'rejected' as const }, { clientId: 'other' }]) {
      const plans = await plansOf({ sku: 'HOT', ...filter });
      expect(plans).toHaveLength(2);
      for (const plan of plans) expect(rowsOf('order_lines_sku_idx', [plan])).toBeLessThanOrEqual(1_001);
    }
  });

  it('reads at most 1,000 orders of a customer', async () => {
    for (const plan of await plansOf({ sku: 'RARE', customerId: 'c1' }))
      expect(rowsOf('orders_customer_id_idx', [plan])).toBeLessThanOrEqual(1_001);
  });
});
