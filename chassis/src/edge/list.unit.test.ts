import { z } from 'zod';
import { faultsIn, list, listingMembers, MAX_REPORTED_FAULTS } from './list.ts';

const numbers = z.strictObject({ lines: list(z.strictObject({ n: z.int() })) });

describe('list', () => {
  it('takes what its elements take, in order', () => {
    expect(numbers.parse({ lines: [{ n: 2 }, { n: 1 }] })).toEqual({ lines: [{ n: 2 }, { n: 1 }] });
  });

  it('names each fault by its path, unknown members too', () => {
    const { error } = numbers.safeParse({ lines: [{ n: 1 }, { n: 'x' }, { n: 2, m: 3 }] });
    expect(error?.issues.map(({ path }) => path)).toEqual([
      ['lines', 1, 'n'],
      ['lines', 2, 'm'],
    ]);
  });

  it('answers an unknown member with those that exist, at the top and in an element', () => {
    const { error } = numbers.safeParse({ lines: [{ n: 2, m: 3 }] }, listingMembers);
    expect(faultsIn(error as z.ZodError)).toEqual([
      { path: ['lines', 0, 'm'], message: 'Unknown member. Members: n.' },
    ]);
    const top = numbers.safeParse({ lines: [{ n: 2 }], more: 1 }, listingMembers);
    expect(faultsIn(top.error as z.ZodError)).toEqual([{ path: ['more'], message: 'Unknown member. Members: lines.' }]);
    const none = z.strictObject({}).safeParse({ a: 1 }, listingMembers);
    expect(faultsIn(none.error as z.ZodError)).toEqual([{ path: ['a'], message: 'Unknown member.' }]);
  });

  it.each([[[]], ['x'], [{}], [undefined]])('refuses %j', (lines) => {
    expect(numbers.safeParse({ lines }).success).toBe(false);
  });

  it('refuses more elements than its limit', () => {
    expect(list(z.int(), 2).safeParse([1, 2, 3]).success).toBe(false);
  });

  it('stops at the first faults of a list of a million', () => {
    const { error } = numbers.safeParse({ lines: Array.from({ length: 1_000_000 }, () => ({})) });
    expect(error?.issues).toHaveLength(MAX_REPORTED_FAULTS);
  });
});
