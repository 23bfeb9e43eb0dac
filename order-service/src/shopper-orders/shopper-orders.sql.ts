/**
 * Orders of shoppers: those that shopping-service placed, with the account as their customer. account-service keeps a history of
 * them. All statements read them in the order of their ids, with the index by client.
 */
import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import { BEFORE_ALL, type StateSource } from '@shop/chassis/operations/reconciliation/digests.ts';
import type { Order, OrderId } from '../orders/order.ts';
import { COLUMNS, LINE_COUNT, LINES, type OrderRow, toOrder } from '../orders/orders.sql.ts';

// The comparison of rows makes the index by client and id the only one that has this order: with `client_id = …`, the planner may
// read the orders of all clients until it has found enough of this one.
const PAGE_OF_SHOPPERS = /* sql */ `
  FROM orders
  WHERE (client_id COLLATE "C", id) > ('${WEB_CLIENT}', $1::uuid) AND client_id COLLATE "C" <= '${WEB_CLIENT}'
  ORDER BY client_id COLLATE "C", id LIMIT $2`;

/** Their states, for comparisons. */
export const shopperOrderStates: StateSource = {
  name: 'shopper-orders',
  page: `SELECT id, version, status ${PAGE_OF_SHOPPERS}`,
};

// About 2 MB of JSON. An order has at most 1,000 lines, so a page has at least 20 orders.
const LINES_LIMIT = 20_000;

/** `o` of these orders, in the order of their ids, up to the limit of lines; `found` counts those without this limit. */
const upToLines = (o: string) => /* sql */ `
  WITH o AS MATERIALIZED (${o}),
  counted AS (
    SELECT c.*, sum(c.line_count) OVER (ORDER BY c.id) AS lines_so_far FROM (SELECT o.*, ${LINE_COUNT} FROM o) AS c
  )
  SELECT ${COLUMNS}, ${LINES}, (SELECT count(*)::integer FROM o) AS found
  FROM counted o WHERE lines_so_far <= ${LINES_LIMIT} ORDER BY id`;

/** A page of all orders of shoppers, oldest first, and where the next one begins. */
export async function listShopperOrders(
  q: Queryable,
  { after = BEFORE_ALL, limit }: { after?: OrderId; limit: number },
): Promise<{ orders: Order[]; next?: OrderId }> {
  const { rows } = await q.query<OrderRow & { found: number }>({
    name: 'list-shopper-orders',
    text: upToLines(`SELECT * ${PAGE_OF_SHOPPERS}`),
    values: [after, limit],
  });
  const orders = rows.map(toOrder);
  const isLast = rows[0] === undefined || (rows[0].found < limit && rows[0].found === rows.length);
  return isLast ? { orders } : { orders, next: orders.at(-1)?.id };
}

/**
 * The orders of shoppers with these ids; others are absent. If they have too many lines for one answer, only the first ones, and
 * `next` is the id of the last of these.
 */
export async function findShopperOrders(
  q: Queryable,
  ids: readonly OrderId[],
): Promise<{ orders: Order[]; next?: OrderId }> {
  const { rows } = await q.query<OrderRow & { found: number }>({
    name: 'find-shopper-orders',
    text: upToLines(`SELECT * FROM orders WHERE id = ANY ($1::uuid[]) AND client_id = $2`),
    values: [ids, WEB_CLIENT],
  });
  const orders = rows.map(toOrder);
  return rows[0] && rows[0].found > rows.length ? { orders, next: orders.at(-1)?.id } : { orders };
}
