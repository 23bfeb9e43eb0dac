import fc from 'fast-check';
import { z } from 'zod';
import { fromCursor, limit, positionIn, toCursor, toPage } from './page.ts';

describe('cursors', () => {
  it('come back as the position they were made of', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (scope, position) => {
        fc.pre(position.isWellFormed() && scope.isWellFormed());
        expect(fromCursor(scope, toCursor(scope, position))).toBe(position);
      }),
    );
  });

  it('are refused after any change of a character', () => {
    const cursor = toCursor('orders', '0195f0a0-0000-7000-8000-000000000001');
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom(...'Aaz09-_'), (at, character) => {
        const tampered = cursor.slice(0, at) + character + cursor.slice(at + 1);
        fc.pre(tampered !== cursor);
        expect(() => fromCursor('orders', tampered)).toThrow('validation-failed');
      }),
    );
  });

  it('are refused by another list or other filters, and when they are no cursors', () => {
    expect(() => fromCursor('products', toCursor('orders', '1'))).toThrow('validation-failed');
    for (const nonsense of ['', 'x', '💥', '=====', 'AAAA']) {
      expect(() => fromCursor('orders', nonsense)).toThrow('validation-failed');
    }
  });
});

describe('positionIn', () => {
  it('refuses a position of another form, although its checksum is right', () => {
    expect(positionIn('orders', toCursor('orders', '12'), z.string().regex(/^\d+$/))).toBe('12');
    expect(() => positionIn('orders', toCursor('orders', "1'"), z.string().regex(/^\d+$/))).toThrow(
      'validation-failed',
    );
    expect(positionIn('orders', undefined, z.string())).toBeUndefined();
  });
});

describe('toPage', () => {
  it('has a cursor after its last item when one more was found', () => {
    const nextCursor = toCursor('letters', 'b');
    expect(toPage(['a', 'b', 'c'], 2, 'letters', (last) => last)).toEqual({ items: ['a', 'b'], nextCursor });
  });

  it.each([[['a', 'b']], [[]]])('is the last one with %j', (found: string[]) => {
    expect(toPage(found, 2, 'letters', (last) => last)).toEqual({ items: found });
  });
});

describe('limit', () => {
  it.each([
    ['1', 1],
    ['100', 100],
    [undefined, 50],
  ])('takes %s', (value, expected) => {
    expect(limit.parse(value)).toBe(expected);
  });

  it.each(['0', '101', '-1', '1.5', '', ' 1', '1e1', '999', 'x'])('refuses "%s"', (value) => {
    expect(limit.safeParse(value).success).toBe(false);
  });
});
