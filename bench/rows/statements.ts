import { insertCompletedKeys } from '@shop/chassis/testing/idempotency-keys.ts';

/**
 * The statements of fill.ts. Each writes the rows of one table for the orders $1 to $2 of $3; the last $4 of all orders
 * are pending, and $5 is the current time.
 */
export interface Statement {
  sql: string;
  /** Older orders have no rows in this table. */
  untilDays?: number;
}

/** The number of days over which the orders were placed. */
export const DAYS = 365;

/** The maximum number of pending orders, which are decided as soon as the services run. */
export const PENDING = 20;

export const tablesOfOrders = ['orders', 'order_lines', 'order_timeline'];
export const tablesOfStock = ['reservations', 'reservation_lines', 'stock_movements'];

// The retention of the services: see KEY_RETENTION_HOURS, and the retention of the inbox.
const KEYS_KEPT = `interval '72 hours'`;
const INBOX_KEPT = `interval '7 days'`;

/** 1,000 products; their stock is added in every chunk. */
export const PRODUCTS = /* sql */ `
  WITH made AS (
    INSERT INTO products (sku, name) SELECT format('SKU-%s', lpad(i::text, 4, '0')), format('Product %s', i)
    FROM generate_series(0, 999) AS i RETURNING sku
  )
  INSERT INTO stock_levels (sku) SELECT sku FROM made`;

/*
 * The orders. All values are derived from a hash of the number. They are distributed evenly over a year. Of a hundred
 * orders, two are rejected, three cancelled, and one is not shipped; the others are shipped after one day and delivered
 * after three.
 */
const ORDERS = /* sql */ `
  seeds AS MATERIALIZED (
    SELECT n, h, ('x' || substr(h, 1, 7))::bit(28)::integer AS a, ('x' || substr(h, 8, 7))::bit(28)::integer AS b,
           ('x' || substr(h, 15, 7))::bit(28)::integer AS c,
           $5::timestamptz - interval '1 minute' - ($3::bigint - n) * (interval '${DAYS} days' / $3::bigint) AS placed_at
    FROM generate_series($1::bigint, $2::bigint) AS n, md5(n::text) AS h
  ), filled AS MATERIALIZED (
    SELECT n,
      (lpad(to_hex((extract(epoch FROM placed_at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8'
        || substr(h, 4, 15))::uuid AS id,
      placed_at, placed_at + interval '20 milliseconds' AS decided_at,
      format('storefront-%s', 1 + a % 5) AS client_id, format('customer-%s', b % (1 + $3::bigint / 20)) AS customer_id,
      md5('key' || n)::uuid::text AS key, sha256(convert_to('request' || n, 'UTF8')) AS fingerprint, h AS request_id,
      format('SKU-%s', lpad((a % 1000)::text, 4, '0')) AS sku_1,
      format('SKU-%s', lpad(((a + 1 + b % 999) % 1000)::text, 4, '0')) AS sku_2,
      1 + b % 3 AS quantity_1, 1 + c % 3 AS quantity_2, 100 + a % 9900 AS price_1, 100 + c % 9900 AS price_2,
      CASE
        WHEN n > $3::bigint - $4::bigint THEN 'pending'
        WHEN c % 100 < 2 THEN 'rejected'
        WHEN c % 100 < 5 AND placed_at < $5::timestamptz - interval '1 hour' THEN 'cancelled'
        WHEN c % 100 = 5 OR placed_at > $5::timestamptz - interval '1 day' THEN 'confirmed'
        WHEN placed_at > $5::timestamptz - interval '3 days' THEN 'shipped'
        ELSE 'delivered' END AS status
    FROM seeds
  ), line AS (
    SELECT o.*, l.* FROM filled o, LATERAL (VALUES (0, sku_1, quantity_1, price_1), (1, sku_2, quantity_2, price_2))
      AS l (position, sku, quantity, price)
  ), step AS (
    -- In the order of time within each order.
    SELECT o.*, s.* FROM filled o, LATERAL (VALUES
      (1, 'placed', o.placed_at, o.client_id, true),
      (2, 'confirmed', o.decided_at, 'inventory-service', o.status NOT IN ('pending', 'rejected')),
      (2, 'rejected', o.decided_at, 'inventory-service', o.status = 'rejected'),
      (3, 'cancelled', o.placed_at + interval '1 hour', o.client_id, o.status = 'cancelled'),
      (3, 'shipped', o.placed_at + interval '1 day', 'backoffice-1', o.status IN ('shipped', 'delivered')),
      (4, 'delivered', o.placed_at + interval '3 days', 'backoffice-1', o.status = 'delivered')
    ) AS s (version, type, at, actor, taken) WHERE s.taken
  )`;

const SHORTAGE = /* sql */ `jsonb_build_array(
  jsonb_build_object('sku', sku_1, 'requested', quantity_1, 'available', 0, 'reason', 'insufficient-stock'))`;
const HAS_SHIPMENT = /* sql */ `status IN ('shipped', 'delivered')`;

const insertOrders = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, rejection, carrier, tracking_number,
    cancellation, version, idempotency_key, fingerprint, created_at, updated_at, awaiting, asks, ask_at)
  SELECT id, client_id, customer_id, 'EUR', status,
    CASE status WHEN 'pending' THEN NULL WHEN 'rejected' THEN status ELSE 'confirmed' END,
    CASE WHEN status = 'rejected' THEN jsonb_build_object('lines', ${SHORTAGE}) END,
    CASE WHEN ${HAS_SHIPMENT} THEN 'DHL' END, CASE WHEN ${HAS_SHIPMENT} THEN format('TRACK-%s', n) END,
    CASE WHEN status = 'cancelled' THEN jsonb '{}' END,
    CASE status WHEN 'pending' THEN 1 WHEN 'confirmed' THEN 2 WHEN 'rejected' THEN 2 WHEN 'delivered' THEN 4 ELSE 3 END,
    key, fingerprint, placed_at,
    CASE status WHEN 'pending' THEN placed_at WHEN 'shipped' THEN placed_at + interval '1 day'
                WHEN 'delivered' THEN placed_at + interval '3 days' WHEN 'cancelled' THEN placed_at + interval '1 hour'
                ELSE decided_at END,
    CASE WHEN status = 'pending' THEN 'reservation' END, CASE WHEN status = 'pending' THEN 0 ELSE 1 END,
    CASE WHEN status = 'pending' THEN placed_at + interval '5 seconds' END
  FROM filled ORDER BY n`;

const insertLines = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO order_lines (order_id, position, sku, quantity, unit_price)
  SELECT id, position, sku, quantity, price FROM line`;

// Later steps are inserted after the first steps of all orders, because they happen days later.
const insertTimeline = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail)
  SELECT id, type, at, actor, md5(type || n),
    CASE type WHEN 'rejected' THEN jsonb_build_object('lines', ${SHORTAGE})
              WHEN 'shipped' THEN jsonb_build_object('carrier', 'DHL', 'trackingNumber', format('TRACK-%s', n)) END
  FROM step ORDER BY (version > 2), n, version`;

// The stored responses within their retention: to the order, its shipment and its delivery.
const insertKeys = insertCompletedKeys(/* sql */ `
  WITH ${ORDERS}
  SELECT actor, CASE type WHEN 'placed' THEN key ELSE md5('key' || type || n)::uuid::text END, fingerprint,
    CASE type WHEN 'placed' THEN id END, CASE type WHEN 'placed' THEN 201 ELSE 200 END,
    CASE type WHEN 'placed' THEN '/orders/' || id END,
    json_build_object('id', id, 'clientId', client_id, 'customerId', customer_id, 'currency', 'EUR',
      'lines', json_build_array(
        json_build_object('sku', sku_1, 'quantity', quantity_1, 'unitPrice', price_1),
        json_build_object('sku', sku_2, 'quantity', quantity_2, 'unitPrice', price_2)),
      'status', CASE type WHEN 'placed' THEN 'confirmed' ELSE type END,
      'createdAt', placed_at, 'updatedAt', at, 'version', version)::text, at
  FROM step
  WHERE at > $5::timestamptz - ${KEYS_KEPT} AND type IN ('placed', 'shipped', 'delivered', 'cancelled')
    AND status NOT IN ('pending', 'rejected')
  ORDER BY at`);

/** A message for each shipment and cancellation: the command in inventory-service, its reply in order-service. */
const insertInbox = (queue: string) => /* sql */ `
  WITH ${ORDERS}
  INSERT INTO inbox_messages (message_id, queue, received_at)
  SELECT md5(type || n)::uuid, '${queue}', at FROM step
  WHERE at > $5::timestamptz - ${INBOX_KEPT} AND type IN ('shipped', 'cancelled') ORDER BY at`;

const insertReservations = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO reservations (id, state, shortages, created_at, updated_at)
  SELECT id,
    CASE status WHEN 'rejected' THEN 'rejected' WHEN 'cancelled' THEN 'released' WHEN 'confirmed' THEN 'held'
                ELSE 'fulfilled' END,
    CASE WHEN status = 'rejected' THEN ${SHORTAGE} END, placed_at,
    CASE status WHEN 'cancelled' THEN placed_at + interval '1 hour' WHEN 'rejected' THEN placed_at
                WHEN 'confirmed' THEN placed_at ELSE placed_at + interval '1 day' END
  FROM filled WHERE status <> 'pending' ORDER BY n`;

const insertReservationLines = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO reservation_lines (reservation_id, sku, quantity)
  SELECT id, sku, quantity FROM line WHERE status <> 'pending'`;

/** More stock of each product than a chunk can sell. */
const insertDeliveries = /* sql */ `
  WITH made AS (
    INSERT INTO stock_adjustments (id, sku, delta, reason, client_id, idempotency_key, fingerprint, product_name,
      product_updated_at, on_hand_after, reserved_after)
    SELECT gen_random_uuid(), p.sku, 3 * ($2::bigint - $1::bigint + 1), 'delivery', 'backoffice-1',
      md5(p.sku || $1)::uuid::text, sha256(convert_to(p.sku || $1, 'UTF8')), p.name, p.updated_at,
      l.on_hand + 3 * ($2::bigint - $1::bigint + 1), l.reserved
    FROM products p JOIN stock_levels l USING (sku) WHERE p.sku ~ '^SKU-[0-9]{4}$'
      AND ($3::bigint, $4::bigint, $5::timestamptz) IS NOT NULL
    RETURNING id, sku, delta
  ), movements AS (
    INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
    SELECT sku, 'adjusted', delta, 0, id, 'backoffice-1' FROM made
  )
  UPDATE stock_levels l SET on_hand = l.on_hand + made.delta FROM made WHERE l.sku = made.sku`;

// Level and ledger in one statement, so that they are always equal.
const insertMovements = /* sql */ `
  WITH ${ORDERS}, movements AS (
    INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor, at)
    SELECT sku, kind, delta_on_hand, delta_reserved, id, 'order-service', at
    FROM line, LATERAL (VALUES
      (1, 'held', 0, quantity, decided_at, status NOT IN ('pending', 'rejected')),
      (2, 'released', 0, -quantity, placed_at + interval '1 hour', status = 'cancelled'),
      (2, 'fulfilled', -quantity, -quantity, placed_at + interval '1 day', ${HAS_SHIPMENT})
    ) AS m (place, kind, delta_on_hand, delta_reserved, at, taken)
    WHERE taken ORDER BY place, n, sku
    RETURNING sku, delta_on_hand, delta_reserved
  ), summed AS (
    SELECT sku, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved FROM movements GROUP BY sku
  )
  UPDATE stock_levels l SET on_hand = l.on_hand + s.on_hand, reserved = l.reserved + s.reserved
  FROM summed s WHERE l.sku = s.sku`;

// The last step of an order is three days after it was placed.
export const ORDER_STATEMENTS: readonly Statement[] = [
  { sql: insertOrders },
  { sql: insertLines },
  { sql: insertTimeline },
  { sql: insertKeys, untilDays: 3 + 3 },
  { sql: insertInbox('order.reservation-replies'), untilDays: 3 + 7 },
];
export const LEDGER_STATEMENTS: readonly Statement[] = [
  { sql: insertReservations },
  { sql: insertReservationLines },
  { sql: insertDeliveries },
  { sql: insertMovements },
  { sql: insertInbox('inventory.reservations'), untilDays: 3 + 7 },
];
