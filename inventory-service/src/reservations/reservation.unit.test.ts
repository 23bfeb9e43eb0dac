import fc from 'fast-check';
import {
  firstStates,
  fulfil,
  type Line,
  mergeLines,
  type Reservation,
  type ReservationState,
  release,
  repeatHold,
  transitions,
} from './reservation.ts';

const states = Object.keys(transitions) as ReservationState[];
const lines = [{ sku: 'MUG', quantity: 2 }];
const shortages = [{ sku: 'MUG', requested: 2, available: 1, reason: 'insufficient-stock' as const }];

function inState(state: ReservationState): Reservation {
  return { id: '1', state, lines, shortages: state === 'rejected' ? shortages : undefined };
}

describe('the states', () => {
  it('can all be reached', () => {
    const reached = new Set<ReservationState>(firstStates);
    for (const state of reached) for (const next of transitions[state]) reached.add(next);
    expect([...reached].sort()).toEqual([...states].sort());
  });

  it.each(states)('%s changes to nothing but what the table allows', (state) => {
    const allowed: readonly string[] = transitions[state];
    for (const { becomes } of [release(inState(state)), fulfil(inState(state))]) {
      if (becomes) expect(allowed).toContain(becomes);
    }
  });

  it('change wherever the table says so', () => {
    const walked = states.flatMap((from) =>
      [release(inState(from)), fulfil(inState(from))].flatMap(({ becomes }) => (becomes ? `${from}>${becomes}` : [])),
    );
    const table = states.flatMap((from) => transitions[from].map((to) => `${from}>${to}`));
    expect(walked.sort()).toEqual(table.sort());
  });
});

describe('repeatHold', () => {
  it.each([
    ['held', { kind: 'held' }],
    ['fulfilled', { kind: 'held' }],
    ['released', { kind: 'released' }],
    ['rejected', { kind: 'rejected', shortages }],
  ] as const)('reports a %s one with the same lines', (state, outcome) => {
    expect(repeatHold(inState(state), lines)).toEqual(outcome);
  });

  it.each([
    ['held', 'conflict'],
    ['fulfilled', 'conflict'],
    ['released', 'released'],
    ['rejected', 'conflict'],
  ] as const)('meets other lines of a %s one', (state, kind) => {
    for (const other of [[], [{ sku: 'MUG', quantity: 3 }], [{ sku: 'CUP', quantity: 2 }], [...lines, ...lines]]) {
      expect(repeatHold(inState(state), other)).toEqual({ kind });
    }
  });
});

describe('release', () => {
  it.each([
    ['held', { becomes: 'released', outcome: { kind: 'released' } }],
    ['released', { outcome: { kind: 'released' } }],
    ['rejected', { outcome: { kind: 'released' } }],
    ['fulfilled', { outcome: { kind: 'refused', reason: 'release-of-fulfilled' } }],
  ] as const)('of a %s one', (state, ending) => {
    expect(release(inState(state))).toEqual(ending);
  });

  it('of an unknown one is a tombstone', () => {
    expect(release(undefined)).toEqual({ becomes: 'released', outcome: { kind: 'released' } });
  });
});

describe('fulfil', () => {
  it.each([
    ['held', { becomes: 'fulfilled', outcome: { kind: 'fulfilled' } }],
    ['fulfilled', { outcome: { kind: 'fulfilled' } }],
    ['released', { outcome: { kind: 'refused', reason: 'fulfil-of-released' } }],
    ['rejected', { outcome: { kind: 'refused', reason: 'fulfil-of-rejected' } }],
  ] as const)('of a %s one', (state, ending) => {
    expect(fulfil(inState(state))).toEqual(ending);
  });

  it('of an unknown one is refused', () => {
    expect(fulfil(undefined)).toEqual({ outcome: { kind: 'refused', reason: 'fulfil-of-unknown' } });
  });
});

describe('mergeLines', () => {
  const line = fc.record({
    sku: fc.constantFrom('a', 'B', '_', '.', '10', '9'),
    quantity: fc.integer({ min: 1, max: 9 }),
  });
  const total = (some: readonly Line[], sku: string) =>
    some.filter((one) => one.sku === sku).reduce((sum, one) => sum + one.quantity, 0);

  it('sums the lines of a SKU, whatever their order, and sorts by bytes', () => {
    fc.assert(
      fc.property(fc.array(line), (some) => {
        const merged = mergeLines(some);
        const skus = merged.map(({ sku }) => sku);
        expect(skus).toEqual([...new Set(some.map(({ sku }) => sku))].sort());
        for (const { sku, quantity } of merged) expect(quantity).toBe(total(some, sku));
        expect(mergeLines(some.toReversed())).toEqual(merged);
      }),
    );
  });
});
