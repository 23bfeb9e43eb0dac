import fc from 'fast-check';
import { merge } from './compare-reservations.ts';

async function* stream(ids: readonly string[]) {
  for (const id of ids) yield { id };
}
const sortedIds = fc.uniqueArray(fc.uuid()).map((ids) => ids.toSorted());

describe('merge', () => {
  it('gives every id once, in order, with the sides that have it', async () => {
    await fc.assert(
      fc.asyncProperty(sortedIds, sortedIds, sortedIds, async (left, right, both) => {
        const orders = [...new Set([...left, ...both])].sort();
        const reservations = [...new Set([...right, ...both])].sort();
        const merged = [];
        for await (const one of merge(stream(orders), stream(reservations))) merged.push(one);
        expect(merged.map(({ id }) => id)).toEqual([...new Set([...orders, ...reservations])].sort());
        expect(merged.flatMap(({ order }) => order?.id ?? [])).toEqual(orders);
        expect(merged.flatMap(({ reservation }) => reservation?.id ?? [])).toEqual(reservations);
        for (const { id, order, reservation } of merged) {
          for (const side of [order, reservation]) expect([undefined, id]).toContain(side?.id);
        }
      }),
    );
  });
});
