import { text } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { asSku } from '../addresses.ts';
import { productNotFound } from '../errors.ts';
import { toProductView } from './product.ts';
import { createProduct, renameProduct } from './product-operations.ts';
import { findProduct, insertProduct, listProducts, renameProduct as saveName } from './products.sql.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const name = text(1, 200);
export const createProductBody = z.strictObject({ sku, name });
export const renameProductBody = z.strictObject({ name });
export const listQuery = z.strictObject({
  limit,
  cursor,
  sku: sku.optional().meta({ description: 'Only the product with this SKU' }),
});

/** The routes of `/products`. */
export function productsRoutes(deps: IdempotencyDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);

  router.post('/products', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, createProductBody);
    const keyed = toKeyedRequest(principalOf(res), key, createProduct, input);
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const product = await insertProduct(trx, input.sku, input.name);
      if (product) return toReply(201, toProductView(product), `/products/${product.sku}`);
      const members = { sku: input.sku };
      return toRefusal(req, res, { code: 'product-exists', detail: 'To change the product, use PATCH.', members });
    });
    sendReply(res, reply, replayed);
  });

  router.patch('/products/:sku', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, renameProductBody);
    const keyed = toKeyedRequest(principalOf(res), key, renameProduct, { sku: req.params.sku, ...input });
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const product = await saveName(trx, asSku(req.params.sku), input.name);
      if (!product) throw productNotFound();
      return toReply(200, toProductView(product));
    });
    sendReply(res, reply, replayed);
  });

  router.get('/products', async (req, res) => {
    const query = parseQuery(req, listQuery);
    const scope = `products sku=${query.sku ?? ''}`;
    const after = positionIn(scope, query.cursor, sku);
    const found = await listProducts(deps.pool, { after, sku: query.sku, limit: query.limit + 1 });
    const { items, nextCursor } = toPage(found, query.limit, scope, (last) => last.sku);
    sendReply(res, toReply(200, { items: items.map(toProductView), nextCursor }));
  });

  router.get('/products/:sku', async (req, res) => {
    const product = await findProduct(deps.pool, asSku(req.params.sku));
    if (!product) throw productNotFound();
    sendReply(res, toReply(200, toProductView(product)));
  });

  return router;
}
