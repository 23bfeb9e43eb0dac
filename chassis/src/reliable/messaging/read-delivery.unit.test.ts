import { randomUUID } from 'node:crypto';
import { openingsQueue } from '../../testing/queues.ts';
import { faultOfSize, readBody } from './read-delivery.ts';

const envelope = {
  id: randomUUID(),
  type: 'account.opened',
  version: 1,
  occurredAt: '2026-01-05T11:59:59.000Z',
  producer: 'bank',
  correlationId: 'request-1',
  payload: { accountId: randomUUID() },
};
const readText = (body: string) => readBody(Buffer.from(body), openingsQueue.messages);
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
    ['an unknown type', { type: 'account.lost' }, 'unknown-type', /account.lost version 1/],
    ['an unknown version', { version: 2 }, 'unknown-type', /account.opened version 2/],
    ['a payload of another shape', { payload: {} }, 'unparseable', /accountId/],
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
  it('says how large a body is, and how large one may be', () => {
    expect(faultOfSize(Buffer.alloc(262_145))).toBe('the body has 262145 bytes; the limit is 262144');
  });
});
