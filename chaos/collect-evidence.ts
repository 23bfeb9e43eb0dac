import { historyStates } from '@shop/account-service/order-history/order-history.sql.ts';
import { readDigests } from '@shop/chassis/operations/reconciliation/digests.ts';
import type { Gateway } from '@shop/operator/gateway.ts';
import { makeProgressTimeout, untilAnswered } from '@shop/operator/gateway.ts';
import { shopperOrderStates } from '@shop/order-service/shopper-orders/shopper-orders.sql.ts';
import type pg from 'pg';
import type { BrokerView } from './broker.ts';
import type { Databases } from './databases.ts';
import type { Evidence, ListedOrder, StoredOrder } from './evidence.ts';
import type { ApiKeys } from './sender.ts';

type Collected = Pick<
  Evidence,
  | 'orders'
  | 'timeline'
  | 'listed'
  | 'events'
  | 'levels'
  | 'movements'
  | 'reservations'
  | 'reservationLines'
  | 'deadLetters'
  | 'histories'
  | 'digests'
>;

/** Collects the evidence from the databases, the lists and the broker. */
export async function collectEvidence(
  { orders, inventory, accounts }: Databases,
  broker: BrokerView,
  gateway: Gateway,
  apiKeys: ApiKeys,
): Promise<Collected> {
  const deadLetters = (await broker.depths()).filter(({ queue }) => queue.endsWith('.dead-letter'));
  const listed = await Promise.all(
    (['storefront', 'other storefront'] as const).map((client) => listOrders(gateway, apiKeys[client], client)),
  );
  return {
    orders: (await rowsOf<StoredOrder>(orders, orderRows)).map((row) => ({ ...row, client: nameOf(row.client) })),
    timeline: await rowsOf(orders, timelineRows),
    listed: listed.flat(),
    events: await broker.readEvents(),
    levels: await rowsOf(inventory, levelRows),
    movements: await rowsOf(inventory, movementRows),
    reservations: await rowsOf(inventory, 'SELECT id, state FROM reservations'),
    reservationLines: await rowsOf(inventory, reservationLineRows),
    deadLetters: [
      ...deadLetters,
      await drainedDeadLetters(orders, 'orders'),
      await drainedDeadLetters(inventory, 'inventory'),
      await drainedDeadLetters(accounts, 'accounts'),
    ],
    histories: await rowsOf(accounts, historyRows),
    digests: {
      orders: await readDigests(orders, shopperOrderStates),
      histories: await readDigests(accounts, historyStates),
    },
  };
}

/** By the client ids in kong.yml. */
function nameOf(clientId: string): string {
  return { 'storefront-1': 'storefront', 'storefront-2': 'other storefront' }[clientId] ?? clientId;
}

/** Dead letters that a service has moved from its queue into its table. */
async function drainedDeadLetters(pool: pg.Pool, name: string): Promise<Evidence['deadLetters'][number]> {
  const [table] = await rowsOf<{ exists: boolean }>(pool, `SELECT to_regclass('dead_letters') IS NOT NULL AS exists`);
  const [row] = table?.exists
    ? await rowsOf<{ count: number }>(pool, 'SELECT count(*)::integer AS count FROM dead_letters')
    : [];
  return { queue: `table dead_letters of ${name}`, messages: row?.count ?? 0 };
}

const orderRows = /* sql */ `
  SELECT o.id, client_id AS client, customer_id AS "customerId", idempotency_key AS key, status,
    first_outcome AS "firstOutcome", version, carrier, tracking_number AS "trackingNumber", awaiting,
    (SELECT coalesce(json_agg(json_build_object('sku', sku, 'quantity', quantity)), '[]')
     FROM order_lines l WHERE l.order_id = o.id) AS lines
  FROM orders o`;
const timelineRows = /* sql */ `
  SELECT order_id AS "orderId", type, at, correlation_id AS "correlationId" FROM order_timeline ORDER BY id`;
const levelRows = /* sql */ `
  SELECT sku, on_hand::float AS "onHand", reserved::float AS reserved FROM stock_levels ORDER BY sku`;
const movementRows = /* sql */ `
  SELECT sku, kind, delta_on_hand::float AS "deltaOnHand", delta_reserved::float AS "deltaReserved", cause_id AS "causeId"
  FROM stock_movements ORDER BY id`;
const reservationLineRows = /* sql */ `
  SELECT reservation_id AS "reservationId", sku, quantity FROM reservation_lines`;

const historyRows = /* sql */ `
  SELECT order_id AS id, account_id AS account, status, version FROM order_history`;

async function rowsOf<Row extends pg.QueryResultRow>(pool: pg.Pool, text: string): Promise<Row[]> {
  return (await pool.query<Row>(text)).rows;
}

async function listOrders(gateway: Gateway, apiKey: string, client: string): Promise<ListedOrder[]> {
  const listed: ListedOrder[] = [];
  const timeout = makeProgressTimeout(30_000);
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const path: string = `/orders?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await untilAnswered(() => gateway.attempt({ method: 'GET', path, apiKey }), timeout);
    if (answer?.status !== 200) throw new Error(`GET ${path} failed with ${answer?.status}: ${answer?.text}`);
    const page = answer.json as { items: Omit<ListedOrder, 'client'>[]; nextCursor?: string };
    listed.push(
      ...page.items.map(({ id, customerId, status, version }) => ({ client, id, customerId, status, version })),
    );
    cursor = page.nextCursor;
  }
  return listed;
}
