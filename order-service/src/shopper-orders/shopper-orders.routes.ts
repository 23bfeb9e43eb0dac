import type { Connections } from '@shop/chassis/base/db/pool.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { type InternalCallers, internalOnly } from '@shop/chassis/edge/callers.ts';
import { list } from '@shop/chassis/edge/list.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { BUCKETS, readDigests, readStates } from '@shop/chassis/operations/reconciliation/digests.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import type { OrderMetrics } from '../metrics.ts';
import { toOrderView } from '../orders/order-view.ts';
import { findShopperOrders, listShopperOrders, shopperOrderStates } from './shopper-orders.sql.ts';

// 500 ids take 20 kB.
const BODY_LIMIT_BYTES = 64 * 1024;

const id = z.guid().toLowerCase();
const lookupBody = z.strictObject({ ids: list(id, 500) });
const statesBody = z.strictObject({
  buckets: list(
    z
      .int()
      .min(0)
      .max(BUCKETS - 1),
    BUCKETS,
  ),
  after: id.optional(),
});
const listQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/)
    .transform(Number)
    .refine((value) => value <= 2_000, 'Must be a whole number from 1 to 2000.')
    .default(500),
  after: id.optional(),
});

export interface ShopperOrdersDeps {
  pool: Connections;
  metrics: OrderMetrics;
  callers: InternalCallers;
}

/** `POST /orders/lookup` and `/shopper-orders`: for account-service, which keeps the histories of shoppers. */
export function shopperOrdersRoutes({ pool, metrics, callers }: ShopperOrdersDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const guard = internalOnly(callers, metrics);
  const body = readBody(BODY_LIMIT_BYTES);
  router.use('/shopper-orders', guard);

  router.post('/orders/lookup', guard, ...body, async (req, res) => {
    const { ids } = parseBody(req, lookupBody);
    const { orders, next } = await findShopperOrders(pool, [...new Set(ids)]);
    sendReply(res, toReply(200, { items: orders.map(toOrderView), next }));
  });

  router.get('/shopper-orders', async (req, res) => {
    const { orders, next } = await listShopperOrders(pool, parseQuery(req, listQuery));
    sendReply(res, toReply(200, { items: orders.map(toOrderView), next }));
  });

  router.get('/shopper-orders/digests', async (_req, res) => {
    sendReply(res, toReply(200, { digests: await readDigests(pool, shopperOrderStates) }));
  });

  router.post('/shopper-orders/states', ...body, async (req, res) => {
    sendReply(res, toReply(200, await readStates(pool, shopperOrderStates, parseBody(req, statesBody))));
  });

  return router;
}
