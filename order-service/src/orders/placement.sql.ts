/**
 * SQL for placing orders: A claims keys and inserts pending orders; `queueReservations` is B if the outcome of the hop is unknown
 * (with a known outcome, B is `applyTransitions`). Each is one statement for the whole batch: one round trip and one commit.
 */

import { randomInt } from 'node:crypto';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { otherTraceId } from '@shop/chassis/base/telemetry/tracing.ts';
import type { KeyedRequest } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { acceptKeys, claimKeys, inOrderOfKeys, leaseToken } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { type OutboxRow, outboxColumns } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { bytes, integers, texts, times, uuids } from '@shop/chassis/reliable/postgres/arrays.ts';
import type { Order, OrderId } from './order.ts';
import { KEY_OF_ORDER, toOrderNumber } from './orders.sql.ts';

/**
 * Placeholder for the order's number in `order.placed`, whose body is built before the statement assigns the number. 30 random
 * digits per process, so that no SKU and no client id contains it by chance.
 */
export const NUMBER_PLACEHOLDER = toOrderNumber(Array.from({ length: 30 }, () => randomInt(10)).join(''));

// Whether a key in `input i` has no order. If it has, the request is a retry past the key's retention, and the unique
// constraint would fail the whole statement. A scalar subquery, because a join could be planned without the index.
const HAS_NO_ORDER = /* sql */ `(
  SELECT true FROM orders WHERE client_id = i.client_id AND idempotency_key = i.key
) IS NULL`;

/** A pending order to insert, with the key to claim. */
export interface Claim extends KeyedRequest {
  order: Omit<Order, 'number'>;
  correlationId: string;
  /** Time until the deadline of the request. */
  answeredInMs: number;
  /** `order.placed`, with {@link NUMBER_PLACEHOLDER}. */
  placed: OutboxRow;
}

/**
 * Transaction A. Returns the numbers of the inserted orders. The keys of the others were taken, or have an order although their
 * rows were removed. In a race, the unique constraint fails the whole statement (23505).
 */
export async function insertPlacements(pool: Pool, claims: readonly Claim[]): Promise<Map<OrderId, string>> {
  const sorted = inOrderOfKeys(claims, (claim) => claim);
  const lines = sorted.flatMap(({ order }) =>
    order.lines.map((line, position) => ({ ...line, position, id: order.id })),
  );
  const { rows } = await pool.query<{ id: string; number: string }>({
    name: 'insert-placements',
    text: /* sql */ `
      WITH input AS MATERIALIZED (
        SELECT * FROM unnest(
          $1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
          $22::text[], $23::integer[])
          WITH ORDINALITY
          AS i (client_id, key, fingerprint, order_id, customer_id, currency, placed_at, correlation_id, trace_id,
                answered_in_ms, position)
      ),
      claimed (order_id) AS (${claimKeys({ from: 'input i', resourceId: 'order_id', where: HAS_NO_ORDER })}),
      placed AS (
        -- If the answer to A never leads to B, the completer finds the order after 5 s.
        INSERT INTO orders (id, client_id, customer_id, currency, status, idempotency_key, fingerprint, created_at,
                            updated_at, awaiting, ask_at)
        SELECT i.order_id, i.client_id, i.customer_id, i.currency, 'pending', i.key, i.fingerprint, i.placed_at,
               i.placed_at, 'reservation', now() + interval '5 seconds'
        FROM input i JOIN claimed USING (order_id) ORDER BY i.order_id
        RETURNING id, number
      ),
      detailed AS (
        INSERT INTO order_lines (order_id, position, sku, quantity, unit_price)
        SELECT l.* FROM unnest($9::uuid[], $10::integer[], $11::text[], $12::integer[], $13::integer[])
          AS l (order_id, position, sku, quantity, unit_price)
        JOIN claimed USING (order_id)
      ),
      told AS (
        INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, trace_id)
        SELECT i.order_id, 'placed', i.placed_at, i.client_id, i.correlation_id, i.trace_id
        FROM input i JOIN claimed USING (order_id)
      ),
      noted AS (
        INSERT INTO order_changes_queue (order_id, version, status, at)
        SELECT i.order_id, 1, 'pending', i.placed_at FROM input i JOIN claimed USING (order_id)
      ),
      promised AS (
        INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        SELECT m.message_id, m.exchange, m.routing_key, m.mandatory, m.subject_id,
               replace(m.body, $21, 'ORD-' || p.number), m.traceparent
        FROM unnest($14::uuid[], $15::text[], $16::text[], $17::boolean[], $18::uuid[], $19::text[], $20::text[])
          AS m (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        JOIN placed p ON p.id = m.subject_id
      )
      SELECT id, number FROM placed`,
    values: [
      texts(sorted.map((claim) => claim.clientId)),
      texts(sorted.map((claim) => claim.key)),
      bytes(sorted.map((claim) => claim.fingerprint.bytes)),
      uuids(sorted.map((claim) => claim.order.id)),
      texts(sorted.map((claim) => claim.order.customerId)),
      texts(sorted.map((claim) => claim.order.currency)),
      times(sorted.map((claim) => claim.order.createdAt)),
      texts(sorted.map((claim) => claim.correlationId)),
      uuids(lines.map((line) => line.id)),
      integers(lines.map((line) => line.position)),
      texts(lines.map((line) => line.sku)),
      integers(lines.map((line) => line.quantity)),
      integers(lines.map((line) => line.unitPrice)),
      ...outboxColumns(sorted.map((claim) => claim.placed)),
      NUMBER_PLACEHOLDER,
      texts(sorted.map((claim) => otherTraceId(claim.placed.traceparent, claim.correlationId))),
      integers(sorted.map((claim) => claim.answeredInMs)),
    ],
  });
  return new Map(rows.map((row) => [row.id, toOrderNumber(row.number)]));
}

export interface QueuedReservation {
  order: Order;
  token: number;
  correlationId: string;
  now: Date;
  requested: OutboxRow;
}

/**
 * B for an unknown outcome of the hop: send the request by message, end the lease, and leave the order pending. Returns the ids
 * of the orders on which it had an effect.
 */
export async function queueReservations(pool: Pool, queued: readonly QueuedReservation[]): Promise<Set<OrderId>> {
  // Every writer of several orders locks them in id order: see applyTransitions.
  const sorted = queued.toSorted(orderBy(({ order }) => order.id));
  const { rows } = await pool.query<{ id: string }>({
    name: 'queue-reservations',
    text: /* sql */ `
      WITH input AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $12::text[])
          AS i (order_id, token, correlation_id, at, trace_id)
      ),
      waiting AS (
        UPDATE orders o SET asks = 1, ask_at = now() + interval '30 seconds'
        FROM input i
        WHERE o.id = ANY ($1) AND o.id = i.order_id AND o.status = 'pending' AND i.token = ${leaseToken(KEY_OF_ORDER)}
        RETURNING o.id, o.client_id, o.idempotency_key
      ),
      told AS (
        INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, trace_id)
        SELECT i.order_id, 'queued', i.at, 'order-service', i.correlation_id, i.trace_id
        FROM input i JOIN waiting w ON w.id = i.order_id
      ),
      promised AS (
        INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        SELECT m.* FROM unnest($5::uuid[], $6::text[], $7::text[], $8::boolean[], $9::uuid[], $10::text[], $11::text[])
          AS m (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        JOIN waiting w ON w.id = m.subject_id
      ),
      released AS (${acceptKeys('waiting o', KEY_OF_ORDER)})
      SELECT id FROM waiting`,
    values: [
      uuids(sorted.map((entry) => entry.order.id)),
      integers(sorted.map((entry) => entry.token)),
      texts(sorted.map((entry) => entry.correlationId)),
      times(sorted.map((entry) => entry.now)),
      ...outboxColumns(sorted.map((entry) => entry.requested)),
      texts(sorted.map((entry) => otherTraceId(entry.requested.traceparent, entry.correlationId))),
    ],
  });
  return new Set(rows.map((row) => row.id));
}
