import fc from 'fast-check';
import {
  adjust,
  available,
  count,
  giveBack,
  hold,
  isDepletion,
  MAX_ON_HAND,
  type StockLevel,
  takeOut,
} from './stock-level.ts';

const level = fc
  .tuple(fc.nat({ max: MAX_ON_HAND }), fc.nat({ max: MAX_ON_HAND }))
  .map(([a, b]): StockLevel => ({ sku: 'MUG', onHand: Math.max(a, b), reserved: Math.min(a, b) }));
const delta = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).filter((value) => value !== 0);

function isSound({ onHand, reserved }: StockLevel): boolean {
  return reserved >= 0 && reserved <= onHand && onHand <= MAX_ON_HAND;
}

describe('adjust', () => {
  it('changes what is on hand by exactly the delta and keeps the level sound, or changes nothing', () => {
    fc.assert(
      fc.property(level, delta, (before, delta) => {
        const outcome = adjust(before, delta);
        if (outcome.kind !== 'adjusted') return true;
        const { onHand, reserved } = outcome.level;
        return isSound(outcome.level) && onHand - before.onHand === delta && reserved === before.reserved;
      }),
    );
  });

  it('takes the last available unit, and refuses one more', () => {
    const before = { sku: 'MUG', onHand: 10, reserved: 4 };
    expect(adjust(before, -6)).toMatchObject({ kind: 'adjusted', level: { onHand: 4 } });
    expect(adjust(before, -7)).toEqual({ kind: 'insufficient-stock', available: 6 });
  });

  it('reaches the limit, and refuses one more', () => {
    const before = { sku: 'MUG', onHand: MAX_ON_HAND - 1, reserved: 0 };
    expect(adjust(before, 1)).toMatchObject({ kind: 'adjusted', level: { onHand: MAX_ON_HAND } });
    expect(adjust(before, 2)).toEqual({ kind: 'beyond-limit' });
  });
});

describe('count', () => {
  it('sets what is on hand to what was counted and keeps the level sound, or changes nothing', () => {
    fc.assert(
      fc.property(level, fc.nat({ max: MAX_ON_HAND }), (before, counted) => {
        const outcome = count(before, { counted, expected: before.onHand });
        if (outcome.kind === 'unchanged') return counted === before.onHand;
        if (outcome.kind !== 'adjusted') return outcome.kind === 'insufficient-stock' && counted < before.reserved;
        const { onHand, reserved } = outcome.level;
        return isSound(outcome.level) && onHand === counted && reserved === before.reserved;
      }),
    );
  });

  it('stands only for the level that was expected', () => {
    const before = { sku: 'MUG', onHand: 10, reserved: 4 };
    expect(count(before, { counted: 12, expected: 11 })).toEqual({ kind: 'stock-changed' });
    expect(count(before, { counted: 10, expected: 11 })).toEqual({ kind: 'stock-changed' });
    expect(count(before, { counted: 3, expected: 11 })).toEqual({ kind: 'stock-changed' });
    expect(count(before, { counted: 10, expected: 10 })).toEqual({ kind: 'unchanged' });
  });

  it('goes down to what is reserved, and refuses one less', () => {
    const before = { sku: 'MUG', onHand: 10, reserved: 4 };
    expect(count(before, { counted: 4, expected: 10 })).toMatchObject({ kind: 'adjusted', level: { onHand: 4 } });
    expect(count(before, { counted: 3, expected: 10 })).toEqual({ kind: 'insufficient-stock', available: 6 });
  });
});

describe('hold, giveBack and takeOut', () => {
  const holding = level
    .filter((one) => available(one) > 0)
    .chain((one) => fc.tuple(fc.constant(one), fc.integer({ min: 1, max: available(one) })));

  it('give back what was held: the level is as before', () => {
    fc.assert(
      fc.property(holding, ([before, quantity]) => {
        const held = hold(before, quantity);
        expect(isSound(held)).toBe(true);
        expect(giveBack(held, quantity)).toEqual(before);
      }),
    );
  });

  it('take out what was held: it is gone from the house, and what is available stays', () => {
    fc.assert(
      fc.property(holding, ([before, quantity]) => {
        const held = hold(before, quantity);
        const after = takeOut(held, quantity);
        expect(isSound(after)).toBe(true);
        expect(after).toEqual({ ...before, onHand: before.onHand - quantity });
        expect(available(after)).toBe(available(held));
      }),
    );
  });
});

describe('isDepletion', () => {
  const of = (onHand: number, reserved: number) => ({ sku: 'MUG', onHand, reserved });

  it('is the step to no available unit, not the state', () => {
    expect(isDepletion(of(5, 4), of(5, 5))).toBe(true);
    expect(isDepletion(of(5, 5), of(5, 5))).toBe(false);
    expect(isDepletion(of(5, 3), of(5, 4))).toBe(false);
  });
});
