import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { reconciliationOperations } from '@shop/chassis/operations/reconciliation/reconciliation.openapi.ts';
import { streamOperations } from '@shop/chassis/operations/stream/stream.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { orderOperations } from './orders/orders.openapi.ts';
import { reservationRepliesQueue } from './queues.ts';

/** All operations that the gateway routes to order-service. */
export const operations: readonly Operation[] = [
  ...orderOperations,
  ...deadLetterOperations('/operations/orders', reservationRepliesQueue.name),
  ...reconciliationOperations('/operations/orders', {
    kind: 'release-missing',
    subject: '0195f0a0-0000-7000-8000-00000000000c',
    expected: 'released',
    found: 'held',
    because: 'The order is cancelled.',
    proposal: 'None needed: the reservation.release was sent again, and is repeated until it is answered.',
    repaired: true,
  }),
  ...streamOperations('/operations/orders', {
    queue: reservationRepliesQueue.name,
    counters: { pending: 3 },
    changes: {
      event: 'order',
      meaning: 'An order was placed (version 1), or its status has changed.',
      example: {
        orderId: '0195f0a0-0000-7000-8000-00000000000c',
        number: 'ORD-1042',
        status: 'confirmed',
        version: 2,
      },
    },
  }),
  ...serviceOperations('orders'),
];

/** The OpenAPI document of order-service: all operations that the gateway routes to it. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Orders',
      summary: 'Orders',
      description: `Placing, cancelling, shipping and delivering orders.\n\n${callingAdvice}`,
      tags: {
        orders: 'Orders and their timelines',
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
