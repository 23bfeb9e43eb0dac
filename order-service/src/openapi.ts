import { callingAdvice, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { reconciliationOperations } from '@shop/chassis/operations/reconciliation/reconciliation.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { orderOperations } from './orders/orders.openapi.ts';
import { reservationRepliesQueue } from './queues.ts';

/** The OpenAPI document of order-service: all that the gateway routes to it. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Orders',
      summary: 'Orders',
      description: `Placing, cancelling, shipping and delivering orders.\n\n${callingAdvice}`,
      tags: {
        orders: 'Orders and their stories',
        'dead letters': 'Messages that could not be handled, and what a person does about them',
        reconciliation: 'Comparing what must agree',
        service: 'The service itself',
      },
      operations: [
        ...orderOperations,
        ...deadLetterOperations('/operations/orders', reservationRepliesQueue.name),
        ...reconciliationOperations('/operations/orders', {
          kind: 'release-missing',
          subject: '0195f0a0-0000-7000-8000-00000000000c',
          expected: 'released',
          found: 'held',
          because: 'The order is cancelled.',
          proposal: 'Nothing: the reservation.release was written again, and is repeated until it is answered.',
          repaired: true,
        }),
        ...serviceOperations('orders'),
      ],
    },
    published,
  );
}
