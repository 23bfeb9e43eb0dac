import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { noteOperations } from './notes/notes.openapi.ts';
import { placedOrdersQueue } from './queues.ts';

/** All operations that the gateway routes to note-service. */
export const operations: readonly Operation[] = [
  ...noteOperations,
  ...deadLetterOperations('/operations/notes', placedOrdersQueue.name),
  ...serviceOperations('notes'),
];

/** The OpenAPI document of note-service: everything that the gateway routes to it. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Notes',
      summary: 'Notes on orders',
      description: `Notes of the staff on orders.\n\n${callingAdvice}`,
      tags: {
        notes: 'Notes on orders',
        'dead letters': 'Messages that could not be handled, and what a person does about them',
        service: 'The service itself',
      },
      operations,
    },
    published,
  );
}
