/**
 * The completer ensures that no order waits for ever. Every second it finds orders whose reply from inventory-service is
 * overdue, and sends the command again, each time as a new message for the same reservation (the inbox would drop a repeated
 * message id). Any number of processes may run it: rows are claimed with SKIP LOCKED.
 *
 * An order is due 5 s after it was placed, if the process that placed it crashed; 30 s after its command was sent, because the
 * command or its reply may have been dead-lettered; then after delays that double, up to 10 minutes.
 */
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { startLoop } from '@shop/chassis/base/loop.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import type { Tracing } from '@shop/chassis/base/telemetry/tracing.ts';
import { addToOutbox, hasUnsentCommand } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { OrderMetrics } from '../metrics.ts';
import type { Awaiting } from './order.ts';
import { type Cause, reservationCommand } from './order-messages.ts';
import { findOrders } from './orders.sql.ts';

const INTERVAL_MS = 1_000;

export interface CompleterDeps {
  pool: Pool;
  metrics: OrderMetrics;
  log: Logger;
  now: () => Date;
  wakeRelay: () => void;
  tracing?: Tracing;
}

/** Run the completer every second. When stopped, it finishes the running batch. */
export function startCompleter(deps: CompleterDeps): { stop(): Promise<void> } {
  return startLoop({ name: 'completer', intervalMs: INTERVAL_MS, log: deps.log }, async (stopping) => {
    while (!stopping.aborted) {
      const { due, isFullBatch } = await askAgain(deps.pool, deps.now(), deps.tracing);
      if (due > 0) {
        deps.log.info({ orders: due }, 'asked inventory-service again');
        deps.wakeRelay();
      }
      if (!isFullBatch) break;
    }
    const pending = await pendingOrders(deps.pool);
    deps.metrics.ordersPending.set(pending.count);
    deps.metrics.ordersPendingOldest.set(pending.oldestSeconds);
  });
}

// A batch is one short transaction. More orders than this are due only after a long outage, and then the next batch follows.
const BATCH = 200;

interface DueRow {
  id: string;
  awaiting: Awaiting;
  asks: number;
  correlation_id: string;
  trace_id: string | null;
  is_unsent: boolean;
}

/** Send the commands of one batch of due orders again. Returns how many were due; after a full batch there may be more. */
export async function askAgain(
  pool: Pool,
  now: Date,
  tracing?: Tracing,
): Promise<{ due: number; isFullBatch: boolean }> {
  return inTransaction(pool, async (trx) => {
    const { rows } = await trx.query<DueRow>({
      name: 'claim-due-orders',
      text: /* sql */ `
        WITH due AS MATERIALIZED (
          SELECT id FROM orders WHERE awaiting IS NOT NULL AND ask_at <= now()
          ORDER BY ask_at LIMIT $1 FOR UPDATE SKIP LOCKED
        ),
        claimed AS (
          UPDATE orders o SET
            asks = least(o.asks + 1, 100),
            ask_at = now() + least(interval '30 seconds' * power(2, least(o.asks, 10)), interval '10 minutes')
          WHERE o.id = ANY(ARRAY(SELECT id FROM due))
          RETURNING o.id, o.awaiting, o.asks
        )
        SELECT c.id, c.awaiting, c.asks, first.correlation_id, first.trace_id,
          -- While the broker is away the last command still waits here; another one would only add to the backlog.
          ${hasUnsentCommand('c.id')} AS is_unsent
        FROM claimed c CROSS JOIN LATERAL (
          SELECT correlation_id, trace_id FROM order_timeline WHERE order_id = c.id ORDER BY id LIMIT 1
        ) first`,
      values: [BATCH],
    });
    const asked = rows.filter((row) => !row.is_unsent);
    if (asked.length > 0) {
      const orders = await findOrders(
        trx,
        asked.map((row) => row.id),
      );
      const commands = asked.flatMap((row) => {
        const order = orders.get(row.id);
        return order ? [reservationCommand(order, row.awaiting, causeOf(row, tracing), now)] : [];
      });
      await addToOutbox(trx, commands);
      await recordFirstAsks(
        trx,
        asked.filter((row) => row.asks === 1),
        now,
      );
    }
    return { due: rows.length, isFullBatch: rows.length === BATCH };
  });
}

/** The request that placed the order, and its trace, which is continued. */
function causeOf({ correlation_id, trace_id }: DueRow, tracing: Tracing | undefined): Cause {
  const span = tracing?.start('ask again', { parent: undefined, traceId: trace_id ?? correlation_id });
  span?.end();
  return { correlationId: correlation_id, traceparent: span?.traceparent };
}

/** Add the entry `queued` to the timelines of orders whose placement crashed before adding it. */
async function recordFirstAsks(
  trx: Parameters<typeof findOrders>[0],
  rows: readonly DueRow[],
  now: Date,
): Promise<void> {
  if (rows.length === 0) return;
  await trx.query(
    /* sql */ `
    INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, trace_id)
    SELECT id, 'queued', $3, 'order-service', correlation_id, trace_id
    FROM unnest($1::uuid[], $2::text[], $4::text[]) AS q (id, correlation_id, trace_id)`,
    [rows.map((row) => row.id), rows.map((row) => row.correlation_id), now, rows.map((row) => row.trace_id)],
  );
}

// Bounds each UPDATE, however many orders wait.
const SOON_BATCH = 2_000;

/** Make all waiting orders due within 30 s, after a breaker has closed. Spread over that time to avoid a burst. */
export async function askSoon(pool: Pool): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      /* sql */ `
      UPDATE orders SET ask_at = now() + random() * interval '30 seconds'
      WHERE id = ANY (ARRAY(
        SELECT id FROM orders WHERE awaiting IS NOT NULL AND ask_at > now() + interval '30 seconds'
        ORDER BY ask_at LIMIT $1 FOR UPDATE SKIP LOCKED))`,
      [SOON_BATCH],
    );
    if (rowCount !== SOON_BATCH) return;
  }
}

// Counting stops here: it runs every second, and the gauge needs no more.
const COUNTED_AT_MOST = 10_000;

/** The number of pending orders, up to a limit, and the age of the oldest of them. */
export async function pendingOrders(pool: Pool): Promise<{ count: number; oldestSeconds: number }> {
  const { rows } = await pool.query<{ count: number; oldest: number | null }>({
    name: 'pending-orders',
    text: /* sql */ `
      SELECT count(*)::integer AS count, extract(epoch FROM now() - min(created_at))::float AS oldest
      FROM (
        SELECT created_at FROM orders WHERE awaiting IS NOT NULL AND status = 'pending' ORDER BY ask_at LIMIT $1
      ) AS pending`,
    values: [COUNTED_AT_MOST],
  });
  return { count: rows[0]?.count ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0) };
}
