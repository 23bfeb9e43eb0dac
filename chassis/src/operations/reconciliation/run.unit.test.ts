import { addMismatch, LISTED_AT_MOST, type Mismatch, nothingFound } from './run.ts';

const mismatch = (kind: string, repaired = false): Mismatch => ({
  kind,
  subject: 's',
  expected: 1,
  found: 2,
  because: 'b',
  proposal: 'p',
  repaired,
});

describe('what a run has found', () => {
  it('is counted by kind, and how much of it was repaired', () => {
    const found = nothingFound();
    for (const one of [mismatch('a', true), mismatch('b'), mismatch('a')]) addMismatch(found, one);
    expect(found).toMatchObject({ kinds: { a: 2, b: 1 }, repaired: 1 });
    expect(found.mismatches.map(({ kind }) => kind)).toEqual(['a', 'b', 'a']);
  });

  it('is listed up to a bound and counted beyond it', () => {
    const found = nothingFound();
    const listed = Array.from({ length: LISTED_AT_MOST + 2 }, () => addMismatch(found, mismatch('a')));
    expect(listed.slice(-3)).toEqual([true, false, false]);
    expect([found.mismatches.length, found.kinds.a]).toEqual([LISTED_AT_MOST, LISTED_AT_MOST + 2]);
  });
});
