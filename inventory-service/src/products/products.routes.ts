import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { text } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import type { Principal } from '@shop/chassis/edge/principal.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { asSku } from '../addresses.ts';
import { productNotFound } from '../errors.ts';
import { available } from '../stock/stock-level.ts';
import { toProductView } from './product.ts';
import { createProduct, renameProduct } from './product-operations.ts';
import {
  findProduct,
  insertProduct,
  listByAvailable,
  listProducts,
  renameProduct as saveName,
} from './products.sql.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const name = text(1, 200);
export const createProductBody = z.strictObject({ sku, name });
export const renameProductBody = z.strictObject({ name });
export const listQuery = z.strictObject({
  limit,
  cursor,
  sku: sku.optional().meta({ description: 'Only the product with this SKU' }),
  sort: z.literal('available').optional().meta({
    description: 'Fewest available units first, then by SKU. For back office and operations only',
  }),
});
// Sorting reads the level of every product, which the traffic of storefronts must not cause.
const storefrontQuery = listQuery.omit({ sort: true });
// Units and SKU. 16 digits always fit into a bigint.
const AVAILABLE_POSITION = /^([0-9]{1,16}) ([^\0]{1,64})$/;
const availablePosition = z.string().regex(AVAILABLE_POSITION);

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
    const query: z.output<typeof listQuery> = parseQuery(req, listQueryOf(principalOf(res)));
    const { items, nextCursor } = await (query.sort ? readByAvailable : readBySku)(deps.pool, query);
    sendReply(res, toReply(200, { items: items.map(toProductView), nextCursor }));
  });

  router.get('/products/:sku', async (req, res) => {
    const product = await findProduct(deps.pool, asSku(req.params.sku));
    if (!product) throw productNotFound();
    sendReply(res, toReply(200, toProductView(product)));
  });

  return router;
}

function listQueryOf(principal: Principal) {
  return principal.kind === 'machine' && principal.groups.every((group) => group === 'storefront')
    ? storefrontQuery
    : listQuery;
}

async function readBySku(pool: Queryable, query: z.output<typeof listQuery>) {
  const scope = `products sku=${query.sku ?? ''}`;
  const after = positionIn(scope, query.cursor, sku);
  const found = await listProducts(pool, { after, sku: query.sku, limit: query.limit + 1 });
  return toPage(found, query.limit, scope, (last) => last.sku);
}

async function readByAvailable(pool: Queryable, query: z.output<typeof listQuery>) {
  const scope = `products by available sku=${query.sku ?? ''}`;
  const [, units, after] = AVAILABLE_POSITION.exec(positionIn(scope, query.cursor, availablePosition) ?? '') ?? [];
  const found = await listByAvailable(pool, { after: { units, sku: after }, sku: query.sku, limit: query.limit + 1 });
  return toPage(found, query.limit, scope, (last) => `${available(last)} ${last.sku}`);
}
