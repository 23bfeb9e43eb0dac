import { text } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { list } from '@shop/chassis/edge/list.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import type { MemberAnswer } from '@shop/chassis/reliable/idempotency/idempotently-each.ts';
import { type Refusal, type Reply, toReply } from '@shop/chassis/reliable/refusal.ts';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { asSku } from '../addresses.ts';
import { causeOf } from '../cause.ts';
import { productNotFound } from '../errors.ts';
import { toProductView } from '../products/product.ts';
import {
  adjustStockBatch as adjustStockBatchOperation,
  adjustStock as adjustStockOperation,
  countStock as countStockOperation,
} from '../products/product-operations.ts';
import { findProduct } from '../products/products.sql.ts';
import { type AdjustmentRequest, type AdjustOutcome, adjustStock } from './adjust-stock.ts';
import { adjustStockBatch, inRounds } from './adjust-stock-batch.ts';
import { type CountOutcome, type CountRequest, countStock } from './count-stock.ts';
import type { Locked } from './row-locks.ts';
import { type LedgerEntry, listMovements } from './stock.sql.ts';
import { available } from './stock-level.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;
const MAX_DELTA = 1_000_000_000;
// A batch holds its locks for as long as it takes to write all of it, and must fit into the body.
const MAX_ADJUSTMENTS = 1_000;
const delta = z
  .int()
  .min(-MAX_DELTA)
  .max(MAX_DELTA)
  .refine((delta) => delta !== 0, 'Must not be 0.')
  .meta({ not: { const: 0 }, description: 'Units to add, or to remove if negative' });
const reason = text(1, 200);
export const adjustmentBody = z.strictObject({ delta, reason });
export const adjustmentKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters or spaces.')
  .meta({ description: 'Its own `Idempotency-Key`, without quotes around it' });
export const adjustmentsBody = z.strictObject({
  adjustments: list(z.strictObject({ key: adjustmentKey, sku, delta, reason }), MAX_ADJUSTMENTS),
});
// z.int() ends at 2^53 - 1, as the units on hand do.
const units = z.int().min(0);
export const countBody = z
  .strictObject({
    counted: units.meta({ description: 'Units on hand, from now on' }),
    expected: units.meta({ description: 'Units on hand until now, as they were shown to the person who counted' }),
  })
  .refine(({ counted, expected }) => Math.abs(counted - expected) <= MAX_DELTA, {
    path: ['counted'],
    error: `Must differ from expected by at most ${MAX_DELTA}.`,
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
  const body = readBody(BODY_LIMIT_BYTES);

  router.post('/products/adjustments', ...body, (req, res) => adjustBatch(deps, req, res));

  router.post('/products/:sku/adjustments', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, adjustmentBody);
    const keyed = toKeyedRequest(principalOf(res), key, adjustStockOperation, { sku: req.params.sku, ...input });
    let rebuilt = false;
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const request = { sku: asSku(req.params.sku), ...input };
      const outcome = await adjustStock(trx, request, keyed, causeOf(res));
      rebuilt = outcome.kind === 'adjusted-before';
      return toAdjustmentReply(req, res, request, outcome);
    });
    deps.wakeRelay();
    sendReply(res, reply, replayed || rebuilt);
  });

  router.post('/products/:sku/counts', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, countBody);
    const keyed = toKeyedRequest(principalOf(res), key, countStockOperation, { sku: req.params.sku, ...input });
    let rebuilt = false;
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const request = { sku: asSku(req.params.sku), ...input };
      const outcome = await countStock(trx, request, keyed, causeOf(res));
      rebuilt = outcome.kind === 'counted-before';
      return toCountReply(req, res, request, outcome);
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
    const { items, nextCursor } = toPage(found, query.limit, scope, (last) => last.id);
    sendReply(res, toReply(200, { items: items.map(toMovementView), nextCursor }));
  });

  return router;
}

async function adjustBatch(deps: StockDeps, req: Request, res: Response): Promise<void> {
  const key = requireIdempotencyKey(req);
  const { adjustments } = parseBody(req, adjustmentsBody);
  const principal = principalOf(res);
  const keyed = toKeyedRequest(principal, key, adjustStockBatchOperation, { adjustments });
  const batch = adjustments.map(({ key, ...request }) => ({
    request,
    keyed: toKeyedRequest(principal, key, adjustStockOperation, request),
  }));
  const round = async (locked: Locked) => {
    let answers: MemberAnswer[] = [];
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      answers = await adjustStockBatch(trx, batch, {
        locked,
        cause: causeOf(res),
        toReply: (request, outcome) => toAdjustmentReply({ path: adjustmentsOf(request.sku) }, res, request, outcome),
      });
      const results = answers.map((answer, index) => toResult(adjustments[index]?.key, answer));
      return { ...toReply(200, { results }), isFinal: answers.every((answer) => 'reply' in answer) };
    });
    return { reply, replayed, answers };
  };
  const { reply, replayed } = await inRounds(round, ({ answers }) => answers.some(isLocked));
  deps.wakeRelay();
  sendReply(res, reply, replayed);
}

function toAdjustmentReply(
  req: Pick<Request, 'path'>,
  res: Response,
  { sku, delta }: AdjustmentRequest,
  outcome: AdjustOutcome,
): Reply {
  if (outcome.kind !== 'insufficient-stock') return toReply(200, toProductView(outcome.product));
  return toRefusal(req, res, insufficientStock(sku, -delta, outcome.available));
}

/** Where an adjustment of a batch would be sent by itself. */
function adjustmentsOf(sku: string): string {
  return `/products/${encodeURIComponent(sku)}/adjustments`;
}

/** An adjustment of a batch, as its answer shows it. */
function toResult(key: string | undefined, answer: MemberAnswer) {
  if ('refusal' in answer) return { key, code: answer.refusal.code };
  const { onHand, code } = JSON.parse(answer.reply.body);
  return { key, onHand, code };
}

function isLocked(answer: MemberAnswer): boolean {
  return 'refusal' in answer && answer.refusal.code === 'unavailable';
}

function toCountReply(req: Request, res: Response, request: CountRequest, outcome: CountOutcome): Reply {
  const { sku, counted, expected } = request;
  switch (outcome.kind) {
    case 'stock-changed': {
      const { onHand, reserved } = outcome.product;
      const members = { sku, expected, onHand, reserved, available: available(outcome.product) };
      return toRefusal(req, res, { code: 'stock-changed', detail: `${onHand} units are on hand.`, members });
    }
    case 'insufficient-stock':
      return toRefusal(req, res, insufficientStock(sku, expected - counted, outcome.available));
    default:
      return toReply(200, toProductView(outcome.product));
  }
}

function insufficientStock(sku: string, requested: number, available: number): Refusal {
  const detail = 'Reserved units cannot be removed.';
  return { code: 'insufficient-stock', detail, members: { sku, requested, available } };
}

function toMovementView({ id, kind, deltaOnHand, deltaReserved, causeId, actor, at, reason }: LedgerEntry) {
  return { id, kind, deltaOnHand, deltaReserved, causeId, actor, at: at.toISOString(), reason };
}
