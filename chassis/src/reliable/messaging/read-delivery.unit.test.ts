import { randomUUID } from 'node:crypto';
import { reservationRejectedV1, reservationReplies } from '../../contract/messages/inventory-service.ts';
import { toOutboxRow } from '../outbox/outbox-message.ts';
import { faultOfSize, readBody } from './read-delivery.ts';

const envelope = {
  id: randomUUID(),
  type: 'reservation.held',
  version: 1,
  occurredAt: '2026-01-05T11:59:59.000Z',
  producer: 'inventory-service',
  correlationId: 'request-1',
  payload: { reservationId: randomUUID() },
};
const readText = (body: string) => readBody(Buffer.from(body), reservationReplies);
const readJson = (more: object) => readText(JSON.stringify({ ...envelope, ...more }));

describe('readBody', () => {
  it('reads a message of the contract', () => {
    expect(readJson({})).toMatchObject({ kind: 'read', message: envelope });
  });

  it.each([
    ['not JSON', 'hello', 'unparseable', /JSON/],
    ['nothing', '', 'unparseable', /JSON/],
    ['JSON of another shape', '[1]', 'unparseable', /object/],
  ])('refuses %s, and says why', (_what, body, reason, detail) => {
    expect(readText(body)).toMatchObject({ kind: 'refused', reason, detail: expect.stringMatching(detail) });
  });

  it.each([
    ['no id', { id: undefined }, 'unparseable', /at id/],
    ['an id that is no UUID', { id: '42' }, 'unparseable', /UUID\s.*at id/],
    ['an unknown type', { type: 'reservation.lost' }, 'unknown-type', /reservation.lost version 1/],
    ['an unknown version', { version: 2 }, 'unknown-type', /reservation.held version 2/],
    ['a payload of another shape', { payload: {} }, 'unparseable', /reservationId/],
    ['a time that is none', { occurredAt: 'soon' }, 'unparseable', /at occurredAt/],
  ])('refuses a message with %s, and says why', (_what, more, reason, detail) => {
    expect(readJson(more)).toMatchObject({ kind: 'refused', reason, detail: expect.stringMatching(detail) });
  });

  it.each(['1970-01-01T00:00:00.000Z', '2999-01-01T00:00:00.000Z'])(
    'takes a message of a producer whose clock says %s: nothing is decided by it',
    (occurredAt) => {
      expect(readJson({ occurredAt })).toMatchObject({ kind: 'read' });
    },
  );
});

describe('faultOfSize', () => {
  it('finds none in the largest message of the contract', () => {
    const shortages = Array.from({ length: 1_000 }, (_, n) => ({
      sku: String(n).padStart(64, 'S'),
      requested: 1_000_000,
      available: 1_000_000_000,
      reason: 'insufficient-stock' as const,
    }));
    const payload = { reservationId: randomUUID(), reason: 'insufficient-stock' as const, shortages };
    const { body } = toOutboxRow(reservationRejectedV1, payload, {
      correlationId: 'c'.repeat(200),
      occurredAt: new Date(),
    });
    expect(body.length).toBeGreaterThan(140_000);
    expect(faultOfSize(Buffer.from(body))).toBeUndefined();
  });

  it('says how large a body is, and how large one may be', () => {
    expect(faultOfSize(Buffer.alloc(262_145))).toBe('262145 bytes; a message has at most 262144');
  });
});
