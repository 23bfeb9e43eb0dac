import { sku } from '@shop/chassis/contract/sku.ts';
import { pageOf, problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import { nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { productView } from '../products/product.ts';
import { mug, notFound } from '../products/products.openapi.ts';
import { adjustmentBody, adjustmentKey, adjustmentsBody, countBody, movementsQuery } from './stock.routes.ts';

/** A line of the ledger, as JSON. */
const movement = z
  .strictObject({
    id: z.string().regex(/^[0-9]+$/),
    kind: z.enum(['adjusted', 'held', 'released', 'fulfilled']),
    deltaOnHand: z.int(),
    deltaReserved: z.int(),
    causeId: z.uuid().meta({ description: 'Id of the order or the adjustment' }),
    actor: z.string().meta({ description: 'Id of a client, or name of a service' }),
    at: time,
    reason: z.string().optional().meta({ description: 'Of an adjustment; `count` if it is a count' }),
  })
  .meta({ id: 'Movement' });

const insufficientStock = problemAnswer('insufficient-stock', {
  members: { sku, requested: z.int().min(1), available: z.int().min(0) },
});

const units = z.int().min(0);
const stockChanged = problemAnswer('stock-changed', {
  members: { sku, expected: units, onHand: units, reserved: units, available: units },
});

const batchResults = z
  .strictObject({
    results: z.array(
      z.strictObject({
        key: adjustmentKey,
        onHand: units.optional().meta({ description: 'Units on hand right after it, if it was made' }),
        code: z
          .enum([
            'insufficient-stock',
            'product-not-found',
            'validation-failed',
            'idempotency-key-reused',
            'request-in-progress',
            'unavailable',
          ])
          .optional()
          .meta({
            description:
              'Why it was not made, as the adjustment alone would be refused. `validation-failed`: the units on hand would exceed 2^53 - 1. `request-in-progress`, `unavailable`: another request has the key, or keeps the stock level locked; repeat it',
          }),
      }),
    ),
  })
  .meta({ id: 'AdjustmentResults' });

/** The operations on stock and its ledger, below `/products/{sku}`. */
export const stockOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/products/{sku}/adjustments',
    operationId: 'adjustStock',
    route: 'products-adjust',
    summary: 'Add units to the stock, or remove units',
    description: 'Reserved units cannot be removed. Each adjustment is a line of the ledger.',
    tag: 'products',
    groups: ['backoffice'],
    parameters: { sku },
    body: { schema: adjustmentBody, example: { delta: 100, reason: 'Delivery 4711' } },
    answers: [
      {
        ...success(200, 'The product after the adjustment.', productView, mug),
        headers: { 'Idempotent-Replayed': false },
      },
      notFound,
      insufficientStock,
    ],
  },
  {
    method: 'post',
    path: '/products/adjustments',
    operationId: 'adjustStockBatch',
    route: 'products-adjust-batch',
    summary: 'Make up to 1,000 adjustments, each by itself',
    description: `Each has a \`key\`, which is its \`Idempotency-Key\`: it has its effect once, whether the call is repeated or the adjustment is sent alone. They are made in the order given, and one that is refused stops no other. While there is a \`code\` other than \`insufficient-stock\`, the answer is not stored: a repeat of the call, with the same keys, judges these afresh and shows the others again.`,
    tag: 'products',
    groups: ['backoffice'],
    body: {
      schema: adjustmentsBody,
      example: {
        adjustments: [
          { key: 'delivery-4711-1', sku: 'MUG-BLUE', delta: 100, reason: 'Delivery 4711' },
          { key: 'delivery-4711-2', sku: 'NO-SUCH-SKU', delta: 10, reason: 'Delivery 4711' },
        ],
      },
    },
    answers: [
      {
        ...success(200, 'What became of each, in the order of the request.', batchResults, {
          results: [
            { key: 'delivery-4711-1', onHand: 100 },
            { key: 'delivery-4711-2', code: 'product-not-found' },
          ],
        }),
        headers: { 'Idempotent-Replayed': false },
      },
    ],
  },
  {
    method: 'post',
    path: '/products/{sku}/counts',
    operationId: 'countStock',
    route: 'products-count',
    summary: 'Set the units on hand to what was counted',
    description:
      'Only if they are `expected` until then, so that no shipment and no adjustment that came in between is undone. What is reserved must still be there. The difference, at most 1,000,000,000 units, is a line of the ledger.',
    tag: 'products',
    groups: ['backoffice'],
    parameters: { sku },
    body: { schema: countBody, example: { counted: 100, expected: 103 } },
    answers: [
      {
        ...success(200, 'The product after it.', productView, mug),
        headers: { 'Idempotent-Replayed': false },
      },
      notFound,
      stockChanged,
      insufficientStock,
    ],
  },
  {
    method: 'get',
    path: '/products/{sku}/movements',
    operationId: 'listMovements',
    route: 'products-movements',
    summary: 'List the movements of a product’s stock, newest first',
    description:
      'The ledger. Its sums equal the stock level at all times. `causeId` is the id of the order or the adjustment.',
    tag: 'products',
    groups: ['backoffice', 'operations'],
    parameters: { sku },
    query: movementsQuery,
    answers: [
      success(200, 'A page.', pageOf(movement), {
        items: [
          {
            id: '7',
            kind: 'held',
            deltaOnHand: 0,
            deltaReserved: 2,
            causeId: '0195f0a0-0000-7000-8000-000000000001',
            actor: 'order-service',
            at: '2026-01-05T09:30:00.010Z',
          },
        ],
      }),
      notFound,
    ],
    links: nextPage('listMovements'),
  },
];
