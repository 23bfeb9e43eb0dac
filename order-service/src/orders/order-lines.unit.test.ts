import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import fc from 'fast-check';
import { canonicalLines, demandOf, mergeLines, type OrderLine } from './order-lines.ts';

const line = fc.record(
  {
    sku: fc.constantFrom('A', 'B', 'a', 'A.1', '10', '9'),
    quantity: fc.integer({ min: 1, max: 50 }),
    unitPrice: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['sku', 'quantity'] },
) as fc.Arbitrary<OrderLine>;
const lines = fc.array(line, { maxLength: 30 });
const units = (list: readonly { quantity: number }[]) => list.reduce((sum, { quantity }) => sum + quantity, 0);

describe('mergeLines', () => {
  it('merges lines of one SKU and one price where the first of them stood', () => {
    expect(
      mergeLines([
        { sku: 'B', quantity: 1, unitPrice: 5 },
        { sku: 'A', quantity: 2 },
        { sku: 'B', quantity: 3, unitPrice: 5 },
      ]),
    ).toEqual([
      { sku: 'B', quantity: 4, unitPrice: 5 },
      { sku: 'A', quantity: 2 },
    ]);
  });

  it('keeps a SKU at two prices as two lines, and no price is not the price 0', () => {
    const apart = [
      { sku: 'A', quantity: 1, unitPrice: 1 },
      { sku: 'A', quantity: 1, unitPrice: 0 },
      { sku: 'A', quantity: 1 },
    ];
    expect(mergeLines(apart)).toEqual(apart);
  });

  it('loses no unit, leaves no pair, and does not touch its input', () => {
    fc.assert(
      fc.property(lines, (input) => {
        const before = structuredClone(input);
        const merged = mergeLines(input);
        expect(input).toEqual(before);
        expect(units(merged)).toBe(units(input));
        expect(new Set(merged.map((l) => `${l.sku} ${l.unitPrice}`)).size).toBe(merged.length);
        expect(mergeLines(merged)).toEqual(merged);
      }),
    );
  });
});

describe('demandOf', () => {
  it('has one sorted entry per SKU with all of its units', () => {
    fc.assert(
      fc.property(lines, (input) => {
        const demand = demandOf(input);
        expect(units(demand)).toBe(units(input));
        expect(demand.map(({ sku }) => sku)).toEqual([...new Set(input.map(({ sku }) => sku))].sort());
      }),
    );
  });
});

describe('canonicalLines', () => {
  it('is the same for every order of the same merged lines', () => {
    fc.assert(
      fc.property(lines, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (input, random) => {
        const merged = mergeLines(input);
        const shuffled = merged
          .map((value) => ({ value, at: random.next().value as number }))
          .sort(orderBy(({ at }) => at))
          .map(({ value }) => value);
        expect(canonicalLines(shuffled)).toEqual(canonicalLines(merged));
      }),
    );
  });
});
