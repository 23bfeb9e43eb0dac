import { callingAdvice, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { reconciliationOperations } from '@shop/chassis/operations/reconciliation/reconciliation.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { productOperations } from './products/products.openapi.ts';
import { reservationsQueue } from './queues.ts';
import { reservationOperations } from './reservations/reservations.openapi.ts';
import { stockOperations } from './stock/stock.openapi.ts';

/** The OpenAPI document of inventory-service: all that the gateway routes to it. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Inventory',
      summary: 'Products and stock',
      description: `Products, their stock, and the ledger of every movement of it.\n\n${callingAdvice}`,
      tags: {
        products: 'What can be ordered, and its stock',
        reservations: 'What is set aside for an order',
        'dead letters': 'Messages that could not be handled, and what a person does about them',
        reconciliation: 'Comparing what must agree',
        service: 'The service itself',
      },
      operations: [
        ...productOperations,
        ...stockOperations,
        ...reservationOperations,
        ...deadLetterOperations('/operations/inventory', reservationsQueue.name),
        ...reconciliationOperations('/operations/inventory', {
          kind: 'held-reservations',
          subject: 'MUG-BLUE',
          expected: 2,
          found: 3,
          because: 'The lines of the held reservations add up to it.',
          proposal: 'See what the ledger says: where it agrees with the reservations, mend the level.',
          repaired: false,
        }),
        ...serviceOperations('inventory'),
      ],
    },
    published,
  );
}
