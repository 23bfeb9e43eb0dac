/** Orders of shoppers in order-db by SQL, of two lines each, for which nothing else exists: histories read nothing else. */
import { WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';

// Some seconds of work.
const CHUNK = 100_000;
const ORDERS_PER_ACCOUNT = 20;

// All values follow from the number of the order. One a second, so that ids increase as those of placed orders do.
const ORDERS = /* sql */ `
  filled AS (
    SELECT n, h, now() - ($3::bigint - n) * interval '1 second' AS placed_at,
      (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - ($3::bigint - n) * 1000), 12, '0') || '7' || substr(h, 1, 3)
        || '8' || substr(h, 4, 15))::uuid AS id
    FROM generate_series($1::bigint, $2::bigint) AS n, md5(n::text) AS h
  )`;

const INSERT_ORDERS = /* sql */ `
  WITH ${ORDERS}
  INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, carrier, tracking_number, version,
    idempotency_key, fingerprint, created_at, updated_at)
  SELECT id, '${WEB_CLIENT}', md5('account' || n % (1 + $3::bigint / ${ORDERS_PER_ACCOUNT}))::uuid::text, 'EUR', 'delivered',
    'confirmed', 'DHL', 'TRACK-' || n, 4, 'checkout:' || h, sha256(h::bytea), placed_at, placed_at + interval '3 days'
  FROM filled ORDER BY n
  RETURNING id`;

const INSERT_LINES = /* sql */ `
  INSERT INTO order_lines (order_id, position, sku, quantity, unit_price)
  SELECT id, position, 'SKU-' || lpad((get_byte(uuid_send(id), 14 + position) * 3)::text, 4, '0'), 1 + position, 1990
  FROM unnest($1::uuid[]) AS id, generate_series(0, 1) AS position`;

/** Write this many orders of shoppers; `url` is that of order-db for its owner. */
export async function fillShopperOrders(url: string, count: number, onProgress: (done: number) => void): Promise<void> {
  await withClient(url, async (client) => {
    // For this session only.
    await client.query('SET synchronous_commit = off');
    for (let first = 1; first <= count; first += CHUNK) {
      const last = Math.min(first + CHUNK - 1, count);
      const { rows } = await client.query<{ id: string }>(INSERT_ORDERS, [first, last, count]);
      await client.query(INSERT_LINES, [rows.map(({ id }) => id)]);
      onProgress(last);
    }
    // As autovacuum does.
    await client.query('VACUUM (ANALYZE) orders, order_lines');
  });
}
