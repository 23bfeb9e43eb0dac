import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { hasUnsentCommand } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { orderNotFound } from './change-order.ts';
import type { Awaiting, OrderId } from './order.ts';

/** What an order waits for from inventory-service. */
export interface OrderWait {
  awaiting: Awaiting;
  since: Date;
  /** Number of requests sent by message. */
  asks: number;
  askAgainAt: Date;
  /** Whether the last message has not reached the broker yet. */
  isUnsent: boolean;
}

/** `<base>/waits/{id}`: the completer's state of an order, for operators. */
export function orderOperationsRoutes({ pool, base }: { pool: Queryable; base: string }): Router {
  const routes = Router({ caseSensitive: true, strict: true });

  routes.get(`${base}/waits/:id`, async (req, res) => {
    const id = asUuid(req.params.id);
    const found = id && (await findWait(pool, id));
    if (!found) throw orderNotFound();
    sendReply(res, toReply(200, found));
  });

  return routes;
}

async function findWait(q: Queryable, orderId: OrderId): Promise<{ orderId: OrderId; wait?: OrderWait } | undefined> {
  const { rows } = await q.query<Omit<OrderWait, 'awaiting'> & { awaiting: Awaiting | null }>({
    name: 'find-wait',
    text: /* sql */ `
      SELECT awaiting, asks, ask_at AS "askAgainAt",
        -- Since the step whose command has no answer; a shipped order may have been delivered meanwhile.
        (SELECT max(at) FROM order_timeline t WHERE t.order_id = o.id AND t.type = CASE o.awaiting
          WHEN 'reservation' THEN 'placed' WHEN 'release' THEN 'cancelled' ELSE 'shipped' END) AS since,
        ${hasUnsentCommand('o.id')} AS "isUnsent"
      FROM orders o WHERE id = $1`,
    values: [orderId],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { awaiting, since, asks, askAgainAt, isUnsent } = row;
  return awaiting === null ? { orderId } : { orderId, wait: { awaiting, since, asks, askAgainAt, isUnsent } };
}
