import { claimKeys, completeKeys } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import type { PoolClient } from 'pg';
import type { OrderRows } from './order-rows.ts';

/** The key, the order, its lines, timeline and event: one statement per row. */
export async function placeRows(client: PoolClient, order: OrderRows): Promise<void> {
  await client.query({
    name: 'key',
    text: /* sql */ `
      WITH input AS (
        SELECT 'bench' AS client_id, $1::text AS key, $2::bytea AS fingerprint, 3000 AS answered_in_ms, 1 AS position
      ) ${claimKeys({ from: 'input', resourceId: '$3::uuid' })}`,
    values: [order.key, order.fingerprint, order.id],
  });
  await client.query({
    name: 'order',
    text: /* sql */ `
      INSERT INTO orders (id, client_id, customer_id, currency, status, idempotency_key, fingerprint, created_at,
                          updated_at, awaiting, ask_at)
      VALUES ($1, 'bench', 'c-1', 'EUR', 'pending', $2, $3, now(), now(), 'reservation', now() + interval '5 seconds')`,
    values: [order.id, order.key, order.fingerprint],
  });
  for (const [position, sku] of order.skus.entries()) {
    const text = 'INSERT INTO order_lines (order_id, position, sku, quantity) VALUES ($1, $2, $3, 1)';
    await client.query({ name: 'line', text, values: [order.id, position, sku] });
  }
  await tell(client, order, 'placed', 0);
}

/** The stock of each line, sorted by SKU; the reservation, its lines and the ledger. */
export async function reserveRows(client: PoolClient, order: OrderRows): Promise<void> {
  for (const sku of order.skus) {
    const text = 'UPDATE stock_levels SET reserved = reserved + 1 WHERE sku = $1';
    await client.query({ name: 'level', text, values: [sku] });
  }
  const text = `INSERT INTO reservations (id, state) VALUES ($1, 'held')`;
  await client.query({ name: 'reservation', text, values: [order.id] });
  for (const sku of order.skus) {
    await client.query({
      name: 'reservation-line',
      text: 'INSERT INTO reservation_lines (reservation_id, sku, quantity) VALUES ($1, $2, 1)',
      values: [order.id, sku],
    });
    await client.query({
      name: 'movement',
      text: /* sql */ `
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        VALUES ($1, 'held', 0, 1, $2, 'bench')`,
      values: [sku, order.id],
    });
  }
}

/** The status of the order, its timeline, its event and the stored response. */
export async function confirmRows(client: PoolClient, order: OrderRows): Promise<void> {
  await client.query({
    name: 'confirm',
    text: /* sql */ `
      UPDATE orders SET status = 'confirmed', first_outcome = 'confirmed', version = 2, updated_at = now(),
                        awaiting = NULL, ask_at = NULL
      WHERE id = $1 AND status = 'pending'`,
    values: [order.id],
  });
  await tell(client, order, 'confirmed', 1);
  await client.query({
    name: 'answer',
    text: /* sql */ `
      WITH answer AS (SELECT 201 AS answer_status, $2::text AS answer_location, $3::text AS answer_body)
      ${completeKeys('answer', { clientId: "'bench'", key: '$1::text', resourceId: '$4::uuid' })}`,
    values: [order.key, `/orders/${order.id}`, order.answer, order.id],
  });
}

async function tell(client: PoolClient, order: OrderRows, type: string, message: number): Promise<void> {
  await client.query({
    name: 'timeline',
    text: /* sql */ `
      INSERT INTO order_timeline (order_id, type, at, actor, correlation_id) VALUES ($1, $2, now(), 'bench', $3)`,
    values: [order.id, type, order.id],
  });
  await client.query({
    name: 'outbox',
    text: /* sql */ `
      INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
      VALUES ($1, 'order_exchange', $2, false, $3, $4)`,
    values: [order.messageIds[message], `order.${type}.v1`, order.id, order.placed],
  });
}
