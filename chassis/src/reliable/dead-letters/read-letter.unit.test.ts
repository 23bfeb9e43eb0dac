import type { ConsumeMessage } from 'amqplib';
import type { Subject } from '../messaging/subject.ts';
import { readLetter } from './read-letter.ts';

const now = new Date('2026-01-05T12:00:00.000Z');
const accountId = '0195f0a0-0000-7000-8000-000000000001';
const subject: Subject = {
  idIn: (payload) => payload.accountId as string | undefined,
  logField: 'accountId',
  spanAttribute: 'account.id',
};

function delivered(body: string | Buffer, properties: object = {}, redelivered = false): ConsumeMessage {
  return {
    content: Buffer.from(body),
    fields: { consumerTag: 'c', deliveryTag: 1, redelivered, exchange: '', routingKey: 'q.dead-letter' },
    properties,
  } as ConsumeMessage;
}
const read = (...args: Parameters<typeof delivered>) => readLetter('q', delivered(...args), now, subject);

describe('readLetter', () => {
  it('reads what the consumer wrote about it', () => {
    const failed = { at: '2026-01-05T11:00:00.000Z', message: 'poison', stack: 'Error: poison' };
    const headers = {
      'x-attempts': 6,
      'x-history': [failed],
      'x-reason': 'attempts-exhausted',
      'x-detail': 'Error: poison',
      'x-routing-key': 'account.opened.v1',
    };
    const body = JSON.stringify({ type: 'account.opened', payload: { accountId } });
    expect(read(body, { messageId: 'm-1', headers })).toMatchObject({
      queue: 'q',
      type: 'account.opened',
      reason: 'attempts-exhausted',
      attempts: 6,
      history: [
        { ...failed, type: 'failed' },
        { type: 'dead-lettered', at: now.toISOString(), reason: 'attempts-exhausted', detail: 'Error: poison' },
      ],
      messageId: 'm-1',
      unnamed: false,
      subjectId: accountId,
      routingKey: 'account.opened.v1',
      body,
    });
  });

  it('reads why the broker moved it', () => {
    const deaths = [
      { queue: 'q', reason: 'delivery_limit', 'routing-keys': ['account.opened.v1'] },
      { queue: 'q.retry.1s', reason: 'expired', 'routing-keys': ['q.retry.1s'] },
    ];
    expect(read('{}', { headers: { 'x-death': deaths } })).toMatchObject({
      reason: 'delivery-limit',
      attempts: 21,
      history: [{ type: 'dead-lettered', detail: expect.stringContaining('21 deliveries') }],
      routingKey: 'account.opened.v1',
    });
  });

  it.each([
    ['what is too large for a consumer', 'x'.repeat(10 * 2 ** 20), 'too-large', /10485760 bytes/, 1],
    ['what somebody has rejected by hand', 'x', 'rejected', undefined, 0],
  ])('reads why the broker moved %s', (_what, body, reason, detail, attempts) => {
    const headers = { 'x-death': [{ queue: 'q', reason: 'rejected', 'routing-keys': ['q'] }] };
    const letter = read(body, { headers });
    expect(letter).toMatchObject({ reason, attempts, routingKey: 'q' });
    expect(letter.history).toEqual([
      expect.objectContaining(detail ? { detail: expect.stringMatching(detail) } : { detail: undefined }),
    ]);
  });

  it('reads that its queue was full', () => {
    const headers = { 'x-death': [{ queue: 'q', reason: 'maxlen', 'routing-keys': ['customer.joined.v1'] }] };
    expect(read('{}', { headers })).toMatchObject({
      reason: 'dropped',
      attempts: 0,
      history: [{ detail: expect.stringContaining('full') }],
      routingKey: 'customer.joined.v1',
    });
  });

  it('adds the deliveries that ended with their consumer to the attempts that failed', () => {
    const headers = { 'x-attempts': 2, 'x-unanswered': 20, 'x-reason': 'delivery-limit', 'x-delivery-count': 7 };
    expect(read('{}', { headers }).attempts).toBe(22);
  });

  it.each([
    ['no JSON', 'hello'],
    ['JSON of another shape', '[1]'],
    ['JSON null', 'null'],
    ['a type that could be no name of a group', JSON.stringify({ type: 'a\nb:c' })],
    ['a body that is too large to be looked at', JSON.stringify({ type: 'x', filler: 'x'.repeat(2 ** 20) })],
  ])('is of unknown type, for an unknown reason, without a name: %s', (_what, body) => {
    const letter = read(body);
    expect(letter).toMatchObject({ type: 'unknown', reason: 'unknown', attempts: 0, unnamed: true, body });
    expect(letter.messageId).toBe(`unnamed-${letter.id}`);
  });

  it('makes fit for PostgreSQL what is no text', () => {
    expect(read(Buffer.from([0x61, 0x00, 0xff]), { messageId: 'a\0b' })).toMatchObject({
      body: 'a\ufffd\ufffd',
      messageId: 'a\ufffdb',
    });
  });

  it.each([
    ['a history that is none', { 'x-history': ['x', null, 1, Buffer.from('x')], 'x-attempts': 'many' }],
    ['attempts beyond an integer', { 'x-history': 'x', 'x-attempts': 1e12 }],
    ['a replay of nothing', { 'x-dead-letter-id': 'x', 'x-replay': 1 }],
    ['a replay without a number', { 'x-dead-letter-id': accountId, 'x-replay': 'x' }],
  ])('is not impressed by forged headers: %s', (_what, headers) => {
    const letter = read('{}', { headers });
    expect(letter.history.map(({ type }) => type)).toEqual(['dead-lettered']);
    expect(letter.attempts).toBeLessThan(2 ** 31);
    expect(letter.replayOf).toBeUndefined();
  });

  it('knows of which dead letter it is a replay', () => {
    const headers = { 'x-dead-letter-id': accountId, 'x-replay': 2 };
    expect(read('{}', { headers }).replayOf).toEqual({ id: accountId, replay: 2 });
  });
});
