/**
 * The plans of all statements, on tables of several sizes. A generic plan is made once per connection and kept, so a
 * plan for a new database must also be good for a large one.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { forgetKey } from '@shop/chassis/testing/idempotency-keys.ts';
import { patientPool } from '@shop/chassis/testing/patient-pool.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import * as accountSide from '../../account-service/test/test-app.ts';
import { addOrders, fillOrders } from '../../bench/rows/fill.ts';
import * as stockSide from '../../inventory-service/test/test-app.ts';
import { createNotificationDatabase } from '../../notification-service/test/test-app.ts';
import * as orderSide from '../../order-service/test/test-app.ts';
import { type Service, services } from '../../services.ts';
import { addAccounts, fillAccounts, runAccounts } from './accounts.ts';
import { type PlanNode, unboundedReads } from './judge-plan.ts';
import { addNotificationRows, fillNotifications, runNotifications } from './notifications.ts';
import { recordStatements } from './record-statements.ts';
import { runEverything } from './run-everything.ts';
import { inSingleSpaces, sqlInSources } from './sql-in-sources.ts';

const root = join(__dirname, '../..');

// reconciliation_runs keeps a hundred rows, an epoch begins with a restore, and of signing keys there are a few; the others keep
// one, or what is open.
const BOUNDED = [
  'reconciliation_runs',
  'reconciliation_sums',
  'reconciliation_horizon',
  'reconciliation_open',
  'order_changes_epochs',
  'signing_keys',
];
/** The number of rows in all other tables is not limited. */
const GROWING = services
  .flatMap(
    ({ folder }) => readFileSync(join(root, folder, 'schema.sql'), 'utf8').match(/(?<=^CREATE TABLE )\w+/gm) ?? [],
  )
  .filter((table) => !BOUNDED.includes(table));
// Only orders that wait for a reply, and only members of staff.
const SMALL_INDEXES = ['orders_awaiting_idx', 'accounts_staff_idx'];
// For lists. A kept plan must not use them for other lookups, even if they have one page when it is made.
const WIDE_INDEXES = [
  'orders_client_idx',
  'orders_customer_id_idx',
  'order_lines_sku_idx',
  'stock_movements_sku_id_idx',
  'dead_letters_status_idx',
  'dead_letters_group_key_idx',
  'notifications_state_idx',
  'notifications_template_idx',
  'notifications_state_template_idx',
];
const TABLES = { growing: new Set(GROWING), small: new Set(SMALL_INDEXES) };
/** Statements that may read more as a table grows, by a part of their text, with the reason. */
const EXEMPT = {
  'FROM reservations r JOIN reservation_lines l ON': 'the reconciliation reads all reservations once, in one snapshot',
  'FROM outbox_messages WHERE mandatory AND (claimed_until': 'the relay skips rows that are held back',
  'FROM outbox_messages WHERE mandatory AND claimed_until > now()':
    'once after each pause, to publish rows that were held back',
  'ORDER BY on_hand - reserved, sku LIMIT': 'for staff: it sorts the levels of all products; one row per product',
  "WHERE due_at IS NOT NULL AND state = 'queued' ORDER BY due_at LIMIT $1 ) AS queued":
    'for metrics: of the mails that are due, only those under way are not queued',
  "FROM dead_letters WHERE status = 'open' GROUP BY": 'for operators: it counts all open letters',
};
// Statements without a table, or that the services do not use.
const WITHOUT_PLAN = [
  'SELECT FROM pg_roles WHERE rolname = $1',
  'SELECT pg_try_advisory_lock($1) AS locked',
  // Subscriptions, which neither service has, and the example of reliable/.
  ...sqlInSources(join(root, 'chassis/src/reliable'))
    .filter(({ file }) => /\/(catch-up\/.*|example\.ts)$/.test(file))
    .map(({ part }) => part),
];

const sides = services.map(({ path, database }) => ({ side: path, role: database.role }));
type Databases = Record<Service['path'], TestDatabase>;
const recording = recordStatements(sides.map(({ role }) => role));

/** The owners' URLs, to fill both databases. */
const owners = ({ orders, inventory }: Databases) => ({ orders: orders.ownerUrl, inventory: inventory.ownerUrl });

async function filled(orders: number): Promise<Databases> {
  const [order, inventory, accounts, notifications] = await Promise.all([
    orderSide.createOrderDatabase(),
    stockSide.createInventoryDatabase(),
    accountSide.createAccountDatabase(),
    createNotificationDatabase(),
  ]);
  atEnd(() => Promise.all([order, inventory, accounts, notifications].map((one) => one.drop())));
  // Without any, the tables were never analyzed either.
  const databases = { orders: order, inventory, accounts, notifications };
  if (orders > 0) {
    await fillOrders(owners(databases), orders, () => {});
    await fillAccounts(accounts.ownerUrl, orders);
    await fillNotifications(notifications.ownerUrl, orders);
  }
  return databases;
}

// All statements run on a database of this size, which they hardly change.
const MIDDLE = 3_000;
let middle: Databases;
beforeAll(async () => {
  middle = await filled(MIDDLE);
  const databases = middle;
  const inventory = stockSide.startInventoryService(databases.inventory.pool);
  const server = createServer(inventory.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const orders = orderSide.startOrderService(databases.orders, url);
  const alone = orderSide.startOrderService(databases.orders, 'http://127.0.0.1:1');
  const asOwner = (side: keyof Databases, sql: string) =>
    withClient(databases[side].ownerUrl, async (client) => {
      await client.query(sql);
    });
  await runEverything({
    orders,
    alone,
    inventory,
    orderPool: databases.orders.pool,
    stockPool: databases.inventory.pool,
    makeDue: (side) => asOwner(side, 'UPDATE outbox_messages SET claimed_until = now()'),
    forgetKey: (side, key) => withClient(databases[side].ownerUrl, (client) => forgetKey(client, key)),
  });
  await runAccounts(databases.accounts);
  await runNotifications(databases.notifications);
  for (const service of [orders, alone, inventory]) await service.stop();
  recording.stop();
});

/** All unbounded reads of all statements, planned as in the services' connections. */
async function unboundedIn(databases: Databases): Promise<{ read: string; statement: string }[]> {
  const found: { read: string; statement: string }[] = [];
  for (const { side, role } of sides) {
    // A new session, because a session caches the heights of indexes.
    const pool = patientPool(databases[side].url, 1);
    for (const text of recording.of(role)) {
      const { rows } = await pool.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
      const plan: PlanNode = rows[0]['QUERY PLAN'][0].Plan;
      const reads = unboundedReads(plan, { ...TABLES, wide: new Set(recording.isKept(text) ? WIDE_INDEXES : []) });
      found.push(...reads.map((read) => ({ read: `${read}, ${role}`, statement: inSingleSpaces(text) })));
    }
    await pool.end();
  }
  return found;
}

const isExempt = ({ statement }: { statement: string }) =>
  Object.keys(EXEMPT).some((piece) => statement.includes(piece));

describe('the statements of the services', () => {
  it('were all executed by this test', () => {
    const texts = sides.flatMap(({ role }) => recording.of(role).map(inSingleSpaces));
    const folders = [...services.map(({ folder }) => folder), 'chassis'];
    const sources = folders.flatMap((folder) => sqlInSources(join(root, folder, 'src')));
    expect(sources.length).toBeGreaterThan(60);
    const missing = sources.filter(
      ({ part }) => !WITHOUT_PLAN.includes(part) && !texts.some((text) => text.includes(part)),
    );
    expect(missing).toEqual([]);
    for (const piece of Object.keys(EXEMPT)) expect(texts).toContainEqual(expect.stringContaining(piece));
  });

  it.each([0, 20, 300, MIDDLE, 20_000])('read by index when they are planned at %i orders', async (orders) => {
    const found = await unboundedIn(orders === MIDDLE ? middle : await filled(orders));
    expect(found.filter((one) => !isExempt(one))).toEqual([]);
  });

  // A lookup in an index of two pages costs more than in one of one page, so another index may temporarily seem better.
  it('read by index when they are planned while a database without statistics grows', async () => {
    const young = await filled(0);
    const until = new Date();
    const found = new Map<string, number>();
    const [step, count] = [20, 400];
    for (let last = step; last <= count; last += step) {
      await addOrders(owners(young), { first: last - step + 1, last, count, until });
      await addAccounts(young.accounts.ownerUrl, { first: last - step + 1, last });
      await addNotificationRows(young.notifications.ownerUrl, { first: last - step + 1, last });
      for (const one of await unboundedIn(young)) if (!isExempt(one)) found.set(`${one.read}: ${one.statement}`, last);
    }
    expect([...found]).toEqual([]);
  });
});
