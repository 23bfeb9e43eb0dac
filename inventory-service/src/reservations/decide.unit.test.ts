import fc from 'fast-check';
import type { StockLevel } from '../stock/stock-level.ts';
import { decide, type ReservationCommand, UnlockedStockError } from './decide.ts';
import { type Line, mergeLines, type Reservation, transitions } from './reservation.ts';

const cause = { correlationId: 'request-1' };
const level = (sku: string, onHand: number, reserved = 0): StockLevel => ({ sku, onHand, reserved });
const hold = (id: string, ...lines: Line[]): ReservationCommand => ({ kind: 'hold', id, lines, cause });
const mugs = (quantity: number): Line => ({ sku: 'MUG', quantity });

describe('decide', () => {
  it('holds all lines of a reservation or none', () => {
    const { outcomes, levels, movements } = decide(
      [hold('1', mugs(2), { sku: 'CUP', quantity: 3 }, { sku: 'NO', quantity: 1 })],
      [level('MUG', 5), level('CUP', 2)],
      [],
    );
    const shortages = [
      { sku: 'CUP', requested: 3, available: 2, reason: 'insufficient-stock' },
      { sku: 'NO', requested: 1, available: 0, reason: 'unknown-sku' },
    ];
    expect(outcomes).toEqual([{ kind: 'rejected', shortages }]);
    expect([levels, movements]).toEqual([[], []]);
  });

  it('decides in the order of arrival: the later one gets what is left', () => {
    const { outcomes } = decide([hold('1', mugs(3)), hold('2', mugs(3)), hold('3', mugs(2))], [level('MUG', 5)], []);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'rejected', 'held']);
  });

  it('gives a repeated id its first outcome', () => {
    const { outcomes, created } = decide(
      [hold('1', mugs(3)), hold('1', mugs(3)), hold('1', mugs(1))],
      [level('MUG', 3)],
      [],
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['held', 'held', 'conflict']);
    expect(created).toHaveLength(1);
  });

  it('refuses a hold that comes after its release', () => {
    const { outcomes, created } = decide(
      [{ kind: 'release', id: '1', cause }, hold('1', mugs(1))],
      [level('MUG', 3)],
      [],
    );
    expect(outcomes).toEqual([{ kind: 'released' }, { kind: 'released' }]);
    expect(created).toEqual([{ id: '1', state: 'released', lines: [] }]);
  });

  it('tells of a depletion once, with the request that took the last unit', () => {
    const last = { correlationId: 'request-2' };
    const commands = [hold('1', mugs(1)), { ...hold('2', mugs(2)), cause: last }, hold('3', mugs(1))];
    const { depletions } = decide(commands, [level('MUG', 3)], []);
    expect(depletions).toEqual([{ level: level('MUG', 3, 3), cause: last }]);
    expect(decide([hold('4', mugs(1))], [level('MUG', 3, 3)], []).depletions).toEqual([]);
  });

  it('throws for a held reservation whose stock is not locked', () => {
    const held: Reservation = { id: '1', state: 'held', lines: [mugs(1)] };
    expect(() => decide([{ kind: 'release', id: '1', cause }], [], [held])).toThrow(UnlockedStockError);
  });

  const skus = ['A', 'B', 'C'];
  const line = fc.record({ sku: fc.constantFrom(...skus, 'NO'), quantity: fc.integer({ min: 1, max: 4 }) });
  const command: fc.Arbitrary<ReservationCommand> = fc
    .tuple(
      fc.constantFrom('hold' as const, 'hold' as const, 'release' as const, 'fulfil' as const),
      fc.constantFrom('1', '2', '3', '4', '5'),
      fc.array(line, { minLength: 1, maxLength: 3 }),
    )
    .map(([kind, id, lines]) => (kind === 'hold' ? hold(id, ...mergeLines(lines)) : { kind, id, cause }));

  it('keeps every promise, however commands are mixed and cut into batches', () => {
    fc.assert(
      fc.property(fc.array(fc.array(command, { maxLength: 8 }), { maxLength: 6 }), (batches) => {
        const ledger = new Map(skus.map((sku) => [sku, level(sku, 6)]));
        const levels = new Map(ledger);
        const reservations = new Map<string, Reservation>();
        for (const batch of batches) {
          const changes = decide(batch, [...levels.values()], [...reservations.values()]);
          expect(changes.outcomes).toHaveLength(batch.length);
          for (const one of changes.ended) {
            expect(transitions[reservations.get(one.id)?.state ?? 'rejected']).toContain(one.state);
          }
          for (const one of [...changes.created, ...changes.ended]) reservations.set(one.id, one);
          for (const one of changes.levels) levels.set(one.sku, one);
          for (const { sku, deltaOnHand, deltaReserved } of changes.movements) {
            const { onHand, reserved } = ledger.get(sku) as StockLevel;
            ledger.set(sku, level(sku, onHand + deltaOnHand, reserved + deltaReserved));
          }
          expect(ledger).toEqual(levels);
          for (const { sku, onHand, reserved } of levels.values()) {
            expect(reserved).toBeGreaterThanOrEqual(0);
            expect(reserved).toBeLessThanOrEqual(onHand);
            expect(reserved).toBe(heldUnits(reservations.values(), sku));
          }
        }
      }),
    );
  });

  it('does not depend on how commands are cut into batches', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        const start = skus.map((sku) => level(sku, 6));
        const together = decide(commands, start, []);
        let levels = start;
        let reservations: Reservation[] = [];
        const alone = commands.flatMap((one) => {
          const changes = decide([one], levels, reservations);
          levels = levels.map((old) => changes.levels.find(({ sku }) => sku === old.sku) ?? old);
          const changed = [...changes.created, ...changes.ended];
          reservations = [...reservations.filter(({ id }) => !changed.some((other) => other.id === id)), ...changed];
          return changes.outcomes;
        });
        expect(together.outcomes).toEqual(alone);
      }),
    );
  });
});

function heldUnits(reservations: Iterable<Reservation>, sku: string): number {
  return [...reservations]
    .filter(({ state }) => state === 'held')
    .flatMap(({ lines }) => lines)
    .reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
}
