import { success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { noteBody, noteView } from './notes.routes.ts';

const note = { orderId: '0195f0a0-0000-7000-8000-000000000001', text: 'The customer called.' };

/** `/notes`, as clients see it. */
export const noteOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/notes',
    operationId: 'writeNote',
    route: 'notes-write',
    summary: 'Write a note on an order',
    description: 'A note is never changed.',
    tag: 'notes',
    groups: ['backoffice'],
    body: { schema: noteBody, example: note },
    answers: [
      {
        ...success(201, 'Written.', noteView, { id: '0195f0a0-0000-7000-8000-000000000002', ...note }),
        headers: { 'Idempotent-Replayed': false },
      },
    ],
  },
];
