import type { ConsumeMessage } from 'amqplib';
import { countFitting, sizeOfBatch } from './batch-size.ts';

const MIB = 1024 * 1024;
const delivery = ({ unanswered = 0, bytes = 10 } = {}) =>
  ({
    content: Buffer.alloc(bytes),
    properties: { headers: { 'x-delivery-count': unanswered } },
  }) as unknown as ConsumeMessage;
const [good, suspect, large] = [delivery(), delivery({ unanswered: 2 }), delivery({ bytes: 3 * MIB })];

it.each([
  ['all that wait', [good, good, good], 3],
  ['as many as the limit allows', Array.from({ length: 5 }, () => good), 4],
  ['a suspect alone', [suspect, good], 1],
  ['what precedes a suspect', [good, good, suspect, good], 2],
  ['what came back once, with the others', [delivery({ unanswered: 1 }), delivery({ unanswered: 1 })], 2],
  ['no more bytes than fit', [good, large, large], 2],
  ['what is too large for any batch, alone', [delivery({ bytes: 5 * MIB }), good], 1],
])('takes %s', (_what, waiting, size) => {
  expect(sizeOfBatch(waiting, 4)).toBe(size);
});

it('counts up to the bytes that fit, and the limit itself fits', () => {
  expect(countFitting([good, good, good], 20)).toBe(2);
  expect(countFitting([good], 1)).toBe(1);
});
