import fc from 'fast-check';
import { decideAdjustments } from './decide-adjustments.ts';
import { MAX_ON_HAND } from './stock-level.ts';

const at = new Date(0);
const product = (sku: string, onHand: number, reserved = 0) => ({
  sku,
  name: sku,
  onHand,
  reserved,
  createdAt: at,
  updatedAt: at,
});
const by = (sku: string, delta: number) => ({ sku, delta, reason: 'r' });
const kindsOf = (...args: Parameters<typeof decideAdjustments>) => decideAdjustments(...args).map(({ kind }) => kind);

describe('decideAdjustments', () => {
  it('decides each on what the earlier ones left, and a refused one changes nothing', () => {
    const decisions = decideAdjustments(
      [by('MUG', -6), by('MUG', 1), by('MUG', -6), by('CUP', 2)],
      [product('MUG', 10, 5), product('CUP', 0)],
      new Set(),
    );
    expect(decisions).toMatchObject([
      { kind: 'insufficient-stock', available: 5 },
      { kind: 'adjusted', before: { onHand: 10 }, after: { onHand: 11 } },
      { kind: 'adjusted', before: { onHand: 11 }, after: { onHand: 5 } },
      { kind: 'adjusted', after: { sku: 'CUP', onHand: 2 } },
    ]);
  });

  it('tells what is not there from what another transaction keeps', () => {
    expect(kindsOf([by('NO', 1), by('MUG', 1), by('CUP', 1)], [product('CUP', 0)], new Set(['MUG']))).toEqual([
      'unknown-sku',
      'busy',
      'adjusted',
    ]);
  });

  it('lets no sum leave what JSON carries safely, in any order', () => {
    const requests = [by('MUG', 1), by('MUG', 1), by('MUG', -1), by('MUG', 1)];
    expect(kindsOf(requests, [product('MUG', MAX_ON_HAND - 1)], new Set())).toEqual([
      'adjusted',
      'beyond-limit',
      'adjusted',
      'adjusted',
    ]);
  });

  it('leaves each level at what it was and the deltas that took effect, never below what is reserved', () => {
    const delta = fc.integer({ min: -20, max: 20 }).filter((value) => value !== 0);
    const request = fc.record({ sku: fc.constantFrom('A', 'B'), delta, reason: fc.constant('r') });
    fc.assert(
      fc.property(fc.array(request), fc.nat({ max: 30 }), fc.nat({ max: 10 }), (requests, free, reserved) => {
        const known = ['A', 'B'].map((sku) => product(sku, free + reserved, reserved));
        const decisions = decideAdjustments(requests, known, new Set());
        for (const { sku, onHand } of known) {
          let expected = onHand;
          for (const [index, decision] of decisions.entries()) {
            if (decision.kind !== 'adjusted' || decision.after.sku !== sku) continue;
            expected += requests[index]?.delta ?? 0;
            expect(decision.after).toMatchObject({ onHand: expected, reserved });
            expect(expected).toBeGreaterThanOrEqual(reserved);
          }
        }
      }),
    );
  });
});
