import { randomUUIDv7 } from 'node:crypto';
import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { contextOf } from '@shop/chassis/edge/context.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { addToOutbox, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { noteWrittenV1 } from './note-messages.ts';
import { insertNotes } from './notes.sql.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
export const noteBody = z.strictObject({ orderId: z.uuid(), text: text(1, 200) });
export const noteView = z.strictObject({ id: z.uuid(), orderId: z.uuid(), text: z.string() }).meta({ id: 'Note' });

const writeNote: Operation<z.output<typeof noteBody>> = {
  id: 'writeNote',
  forms: { 1: ({ orderId, text }) => ['POST', '/notes', {}, { orderId, text }] },
  writes: 1,
};

export interface NotesDeps extends IdempotencyDeps {
  now: () => Date;
  wakeRelay: () => void;
}

/** `/notes`: the notes of the staff on orders. */
export function notesRoutes(deps: NotesDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.post('/notes', ...readBody(BODY_LIMIT_BYTES), async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, noteBody);
    const keyed = toKeyedRequest(principalOf(res), key, writeNote, input);
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const note = { id: randomUUIDv7(), ...input };
      await insertNotes(trx, [note]);
      const context = { correlationId: contextOf(res).requestId, occurredAt: deps.now() };
      await addToOutbox(trx, [toOutboxRow(noteWrittenV1, { noteId: note.id, orderId: note.orderId }, context)]);
      return toReply(201, note);
    });
    deps.wakeRelay();
    sendReply(res, reply, replayed);
  });
  return router;
}
