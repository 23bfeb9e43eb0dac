import { messagesOf } from '@shop/chassis/contract/define-message.ts';
import { z } from 'zod';

const event = messagesOf({ producer: 'note-service', kind: 'event', exchange: 'note_exchange' });

export const noteWrittenV1 = event(
  'note.written',
  1,
  'A note on an order was written.',
  z.object({ noteId: z.uuid(), orderId: z.uuid() }),
);
