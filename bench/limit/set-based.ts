import { claimKeys, completeKeys } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import type { Pool } from 'pg';
import type { OrderRows } from './order-rows.ts';

/** All rows for placing these orders, in one statement. */
export async function placeSet(pool: Pool, orders: readonly OrderRows[]): Promise<void> {
  await pool.query({
    name: 'place',
    text: /* sql */ `
      WITH input AS MATERIALIZED (
        SELECT *, 'bench' AS client_id, 3000 AS answered_in_ms
        FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::text[]) WITH ORDINALITY
          AS i (id, key, fingerprint, message_id, body, position)
      ),
      keys AS (${claimKeys({ from: 'input', resourceId: 'id' })}),
      placed AS (
        INSERT INTO orders (id, client_id, customer_id, currency, status, idempotency_key, fingerprint, created_at,
                            updated_at, awaiting, ask_at)
        SELECT id, 'bench', 'c-1', 'EUR', 'pending', key, fingerprint, now(), now(), 'reservation',
               now() + interval '5 seconds'
        FROM input
      ),
      lines AS (
        INSERT INTO order_lines (order_id, position, sku, quantity)
        SELECT order_id, position, sku, 1 FROM unnest($6::uuid[], $7::integer[], $8::text[]) AS l (order_id, position, sku)
      ),
      timeline AS (
        INSERT INTO order_timeline (order_id, type, at, actor, correlation_id)
        SELECT id, 'placed', now(), 'bench', id::text FROM input
      )
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
      SELECT message_id, 'order_exchange', 'order.placed.v1', false, id, body FROM input`,
    values: [
      orders.map(({ id }) => id),
      orders.map(({ key }) => key),
      orders.map(({ fingerprint }) => fingerprint),
      orders.map(({ messageIds }) => messageIds[0]),
      orders.map(({ placed }) => placed),
      orders.flatMap(({ id, skus }) => skus.map(() => id)),
      orders.flatMap(({ skus }) => skus.map((_, position) => position)),
      orders.flatMap(({ skus }) => skus),
    ],
  });
}

/** All rows for reserving the stock of these orders, in one statement; the levels are locked in the order of SKU. */
export async function reserveSet(pool: Pool, orders: readonly OrderRows[]): Promise<void> {
  const demand = Map.groupBy(
    orders.flatMap(({ skus }) => skus),
    (sku) => sku,
  );
  await pool.query({
    name: 'reserve',
    text: /* sql */ `
      WITH demand AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::bigint[]) AS d (sku, quantity)),
      locked AS MATERIALIZED (
        SELECT sku, on_hand, reserved FROM stock_levels WHERE sku = ANY ($1::text[]) ORDER BY sku FOR UPDATE
      ),
      levels AS (
        UPDATE stock_levels l SET on_hand = k.on_hand, reserved = k.reserved + d.quantity
        FROM locked k JOIN demand d USING (sku) WHERE l.sku = k.sku
      ),
      held AS (INSERT INTO reservations (id, state) SELECT id, 'held' FROM unnest($3::uuid[]) AS id),
      lines AS MATERIALIZED (SELECT * FROM unnest($4::uuid[], $5::text[]) AS l (id, sku)),
      kept AS (INSERT INTO reservation_lines (reservation_id, sku, quantity) SELECT id, sku, 1 FROM lines)
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
      SELECT sku, 'held', 0, 1, id, 'bench' FROM lines`,
    values: [
      [...demand.keys()],
      [...demand.values()].map((units) => units.length),
      orders.map(({ id }) => id),
      orders.flatMap(({ id, skus }) => skus.map(() => id)),
      orders.flatMap(({ skus }) => skus),
    ],
  });
}

/** All rows for confirming these orders, in one statement. */
export async function confirmSet(pool: Pool, orders: readonly OrderRows[]): Promise<void> {
  await pool.query({
    name: 'confirm',
    text: /* sql */ `
      WITH input AS MATERIALIZED (
        SELECT *, 201 AS answer_status, '/orders/' || id AS answer_location
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[])
          AS i (id, key, message_id, body, answer_body)
      ),
      confirmed AS (
        UPDATE orders o SET status = 'confirmed', first_outcome = 'confirmed', version = 2, updated_at = now(),
                            awaiting = NULL, ask_at = NULL
        FROM input i WHERE o.id = i.id AND o.status = 'pending'
      ),
      timeline AS (
        INSERT INTO order_timeline (order_id, type, at, actor, correlation_id)
        SELECT id, 'confirmed', now(), 'bench', id::text FROM input
      ),
      answered AS (${completeKeys('input i', { clientId: "'bench'", key: 'i.key', resourceId: 'i.id' })})
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
      SELECT message_id, 'order_exchange', 'order.confirmed.v1', false, id, body FROM input`,
    values: [
      orders.map(({ id }) => id),
      orders.map(({ key }) => key),
      orders.map(({ messageIds }) => messageIds[1]),
      orders.map(({ placed }) => placed),
      orders.map(({ answer }) => answer),
    ],
  });
}
