import { sku } from '@shop/chassis/contract/sku.ts';
import { pageOf, problemAnswer, success, time } from '@shop/chassis/edge/openapi/answers.ts';
import { nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { productView } from '../products/product.ts';
import { mug, notFound } from '../products/products.openapi.ts';
import { adjustmentBody, movementsQuery } from './stock.routes.ts';

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
  })
  .meta({ id: 'Movement' });

const insufficientStock = problemAnswer('insufficient-stock', {
  members: { sku, requested: z.int().min(1), available: z.int().min(0) },
});

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
