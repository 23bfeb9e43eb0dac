import { text } from '@shop/chassis/base/text.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { identifyClient, principalOf } from '@shop/chassis/edge/callers.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { cursor, limit, toCursor } from '@shop/chassis/edge/page.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { type Reply, toReply } from '@shop/chassis/reliable/refusal.ts';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { asSku, positionIn } from '../addresses.ts';
import { causeOf } from '../cause.ts';
import { productNotFound } from '../errors.ts';
import { toProductView } from '../products/product.ts';
import { adjustStock as adjustStockOperation } from '../products/product-operations.ts';
import { findProduct } from '../products/products.sql.ts';
import { type AdjustmentRequest, type AdjustOutcome, adjustStock } from './adjust-stock.ts';
import { type LedgerEntry, listMovements } from './stock.sql.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const MAX_DELTA = 1_000_000_000;
export const adjustmentBody = z.strictObject({
  delta: z
    .int()
    .min(-MAX_DELTA)
    .max(MAX_DELTA)
    .refine((delta) => delta !== 0, 'Must not be 0.')
    .meta({ not: { const: 0 }, description: 'Units to add, or to remove if negative' }),
  reason: text(1, 200),
});
export const movementsQuery = z.strictObject({ limit, cursor });
// 18 digits always fit into a bigint.
const movementId = z.string().regex(/^[0-9]{1,18}$/);

export interface StockDeps extends IdempotencyDeps {
  wakeRelay: () => void;
}

/** The routes below `/products/{sku}`: adjustments and the ledger. */
export function stockRoutes(deps: StockDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use('/products', identifyClient());

  router.post('/products/:sku/adjustments', ...readBody(BODY_LIMIT_BYTES), async (req, res) => {
    const key = requireIdempotencyKey(req);
    const body = parseBody(req, adjustmentBody);
    const keyed = toKeyedRequest(principalOf(res), key, adjustStockOperation, { sku: req.params.sku, ...body });
    let rebuilt = false;
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const request = { sku: asSku(req.params.sku), ...body };
      const outcome = await adjustStock(trx, request, keyed, causeOf(res));
      rebuilt = outcome.kind === 'adjusted-before';
      return toAdjustmentReply(req, res, request, outcome);
    });
    deps.wakeRelay();
    sendReply(res, reply, replayed || rebuilt);
  });

  router.get('/products/:sku/movements', async (req, res) => {
    const query = parseQuery(req, movementsQuery);
    const product = await findProduct(deps.pool, asSku(req.params.sku));
    if (!product) throw productNotFound();
    const scope = `movements ${product.sku}`;
    const before = positionIn(scope, query.cursor, movementId);
    const found = await listMovements(deps.pool, { sku: product.sku, before, limit: query.limit + 1 });
    const items = found.slice(0, query.limit);
    const last = found.length > items.length ? items.at(-1) : undefined;
    const nextCursor = last && toCursor(scope, last.id);
    sendReply(res, toReply(200, { items: items.map(toMovementView), nextCursor }));
  });

  return router;
}

function toAdjustmentReply(req: Request, res: Response, request: AdjustmentRequest, outcome: AdjustOutcome): Reply {
  if (outcome.kind !== 'insufficient-stock') return toReply(200, toProductView(outcome.product));
  const members = { sku: request.sku, requested: -request.delta, available: outcome.available };
  return toRefusal(req, res, {
    code: 'insufficient-stock',
    detail: 'Reserved units cannot be removed.',
    members,
  });
}

function toMovementView({ id, kind, deltaOnHand, deltaReserved, causeId, actor, at }: LedgerEntry) {
  return { id, kind, deltaOnHand, deltaReserved, causeId, actor, at: at.toISOString() };
}
