import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { hasUnsentCommand } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import type { Awaiting, OrderId, OrderStatus } from '../orders/order.ts';

/** The data of an order that a comparison needs. */
export interface OrderLook {
  id: OrderId;
  status: OrderStatus;
  version: number;
  awaiting?: Awaiting;
  /** Number of times the command has been sent, by the step and by the completer. */
  asks: number;
}

interface OrderLookRow {
  id: string;
  status: OrderStatus;
  version: number;
  awaiting: Awaiting | null;
  asks: number;
}

const COLUMNS = 'o.id, o.status, o.version, o.awaiting, o.asks';

function toLook(row: OrderLookRow): OrderLook {
  const { id, status, version, awaiting, asks } = row;
  return { id, status, version, awaiting: awaiting ?? undefined, asks };
}

/** A page of orders after this id, in id order, which is nearly the physical order. */
export async function readOrderPage(q: Queryable, after: OrderId, limit: number): Promise<OrderLook[]> {
  const { rows } = await q.query<OrderLookRow>({
    name: 'reconciliation-page',
    text: `SELECT ${COLUMNS} FROM orders o WHERE o.id > $1 ORDER BY o.id LIMIT $2`,
    values: [after, limit],
  });
  return rows.map(toLook);
}

/** These orders, and whether each has an unsent command; unknown ids are absent. */
export async function lookAtOrders(
  q: Queryable,
  ids: readonly OrderId[],
): Promise<Map<OrderId, OrderLook & { isUnsent: boolean }>> {
  const { rows } = await q.query<OrderLookRow & { is_unsent: boolean }>({
    name: 'reconciliation-look',
    text: /* sql */ `
      SELECT ${COLUMNS},
        ${hasUnsentCommand('o.id')} AS is_unsent
      FROM orders o WHERE o.id = ANY($1::uuid[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, { ...toLook(row), isUnsent: row.is_unsent }]));
}

/** A command to send again, with the id of the request that placed the order. */
export interface BegunWait {
  id: OrderId;
  correlationId: string;
  isUnsent: boolean;
}

/**
 * Let orders wait for a reply again, and add it to their timelines. The caller has locked them; orders that already wait are
 * skipped.
 */
export async function beginWaits(
  trx: Transaction,
  waits: readonly { id: OrderId; awaiting: Awaiting; detail: object }[],
  now: Date,
): Promise<BegunWait[]> {
  const { rows } = await trx.query<{ id: string; correlation_id: string; is_unsent: boolean }>(
    /* sql */ `
    WITH begun AS (
      -- As after the step that first sent the command: the completer repeats it from 30 s on.
      UPDATE orders o SET awaiting = w.awaiting, asks = 1, ask_at = now() + interval '30 seconds'
      FROM unnest($1::uuid[], $2::text[]) AS w (id, awaiting)
      WHERE o.id = ANY($1::uuid[]) AND o.id = w.id AND o.awaiting IS NULL
      RETURNING o.id
    ), wait AS (
      SELECT b.id, d.detail,
        (SELECT t.correlation_id FROM order_timeline t WHERE t.order_id = b.id ORDER BY t.id LIMIT 1) AS correlation_id
      FROM begun b JOIN unnest($1::uuid[], $3::jsonb[]) AS d (id, detail) USING (id)
    ), told AS (
      INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail)
      SELECT id, 'queued', $4, 'order-service', correlation_id, detail FROM wait
    )
    SELECT id, correlation_id,
      ${hasUnsentCommand('wait.id')} AS is_unsent
    FROM wait`,
    [
      waits.map(({ id }) => id),
      waits.map(({ awaiting }) => awaiting),
      waits.map(({ detail }) => JSON.stringify(detail)),
      now,
    ],
  );
  return rows.map((row) => ({ id: row.id, correlationId: row.correlation_id, isUnsent: row.is_unsent }));
}

/**
 * Record in the timelines of these orders that their reservations are requested again. Returns the id of the request that
 * placed each order. Orders with an unsent command are skipped, because it may be the same one.
 */
export async function recordRequests(
  trx: Transaction,
  ids: readonly OrderId[],
  detail: object,
  now: Date,
): Promise<Map<OrderId, string>> {
  const { rows } = await trx.query<{ order_id: string; correlation_id: string }>(
    /* sql */ `
    INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail)
    SELECT o.id, 'queued', $3, 'order-service',
      (SELECT t.correlation_id FROM order_timeline t WHERE t.order_id = o.id ORDER BY t.id LIMIT 1), $2
    FROM unnest($1::uuid[]) AS o (id)
    WHERE NOT ${hasUnsentCommand('o.id')}
    RETURNING order_id, correlation_id`,
    [ids, JSON.stringify(detail), now],
  );
  return new Map(rows.map((row) => [row.order_id, row.correlation_id]));
}
