import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { reconciliationOperations } from '@shop/chassis/operations/reconciliation/reconciliation.openapi.ts';
import { streamOperations } from '@shop/chassis/operations/stream/stream.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { productOperations } from './products/products.openapi.ts';
import { reservationsQueue } from './queues.ts';
import { reservationOperations } from './reservations/reservations.openapi.ts';
import { stockOperations } from './stock/stock.openapi.ts';

/** All operations that the gateway routes to inventory-service. */
export const operations: readonly Operation[] = [
  ...productOperations,
  ...stockOperations,
  ...reservationOperations,
  ...deadLetterOperations('/operations/inventory', reservationsQueue.name),
  ...reconciliationOperations('/operations/inventory', {
    kind: 'held-reservations',
    subject: 'MUG-BLUE',
    expected: 2,
    found: 3,
    because: 'This is the sum of the lines of the held reservations.',
    proposal: 'Compare with the ledger. If it agrees with the reservations, correct the stock level.',
    repaired: false,
  }),
  ...streamOperations('/operations/inventory', { queue: reservationsQueue.name }),
  ...serviceOperations('inventory'),
];

/** The OpenAPI document of inventory-service: all operations that the gateway routes to it. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Inventory',
      summary: 'Products and stock',
      description: `Products, their stock, and the ledger of all stock movements.\n\n${callingAdvice}`,
      tags: {
        products: 'Products and their stock',
        reservations: 'Stock reserved for orders',
        'dead letters': 'Messages that could not be handled: inspect, replay and discard them',
        reconciliation: 'Comparison of records that must agree',
        stream: 'What happens, while it happens',
        service: 'Health and documentation of the service',
      },
      operations,
    },
    published,
  );
}
