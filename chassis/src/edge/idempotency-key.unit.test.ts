import fc from 'fast-check';
import { readIdempotencyKey } from './idempotency-key.ts';

const bare = fc
  .string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    minLength: 1,
    maxLength: 255,
  })
  .filter((key) => !key.startsWith('"'));
const quotable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 255,
});
const quote = (key: string) => `"${key.replace(/["\\]/g, '\\$&')}"`;

describe('readIdempotencyKey', () => {
  it('takes any bare key of visible characters', () => {
    fc.assert(fc.property(bare, (key) => expect(readIdempotencyKey([key])).toEqual({ kind: 'key', key })));
  });

  it('takes any string of RFC 8941 and unescapes it', () => {
    fc.assert(fc.property(quotable, (key) => expect(readIdempotencyKey([quote(key)])).toEqual({ kind: 'key', key })));
  });

  it('reads the quoted and the bare form of one key as the same key', () => {
    fc.assert(fc.property(bare, (key) => expect(readIdempotencyKey([quote(key)])).toEqual(readIdempotencyKey([key]))));
  });

  it.each([
    ['absent', []],
    ['empty', ['']],
    ['an empty string', ['""']],
  ])('is missing when %s', (_what, values) => {
    expect(readIdempotencyKey(values)).toEqual({ kind: 'missing' });
  });

  it.each([
    ['sent twice', ['a', 'a']],
    ['256 characters long', ['x'.repeat(256)]],
    ['256 characters long in quotes', [`"${'x'.repeat(256)}"`]],
    ['with a space', ['a b']],
    ['with a character beyond ASCII', ['ü']],
    ['with something after the closing quote', ['"a";b=1']],
    ['without its closing quote', ['"a']],
    ['with an unknown escape', ['"\\n"']],
    ['a single quote mark', ['"']],
  ])('is malformed when %s', (_what, values) => {
    expect(readIdempotencyKey(values)).toEqual({ kind: 'malformed' });
  });
});
