import fc from 'fast-check';
import { pauseBefore } from './backoff.ts';

it('doubles up to 5 s', () => {
  expect([1, 2, 3, 7, 100].map((count) => pauseBefore(count, 0, () => 1))).toEqual([100, 200, 400, 5_000, 5_000]);
});

it('is never shorter than the server asks for, nor than half of its own', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.nat(60_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, asked, chance) => {
        const pause = pauseBefore(count, asked, () => chance);
        expect(pause).toBeGreaterThanOrEqual(asked);
        expect(pause).toBeGreaterThanOrEqual(50);
        expect(pause).toBeLessThanOrEqual(Math.max(5_000, asked * 1.1));
      },
    ),
  );
});

it('spreads clients that were refused together', () => {
  const pauses = new Set(Array.from({ length: 100 }, () => Math.round(pauseBefore(1, 1_000))));
  expect(pauses.size).toBeGreaterThan(20);
});
