import { orderBy } from './order-by.ts';

it('orders text by its characters, not by a locale', () => {
  expect(['b', 'a', 'B', 'ä', 'a-1', 'aa'].toSorted(orderBy((text) => text))).toEqual([
    'B',
    'a',
    'a-1',
    'aa',
    'b',
    'ä',
  ]);
});

it('orders by the first key that differs, and leaves equals as they were', () => {
  const rows = [
    { sku: 'B', price: 1, at: 0 },
    { sku: 'A', price: 10, at: 1 },
    { sku: 'A', price: 9, at: 2 },
    { sku: 'A', price: 10, at: 3 },
  ];
  const by = orderBy<(typeof rows)[number]>(
    ({ sku }) => sku,
    ({ price }) => -price,
  );
  expect(rows.toSorted(by).map(({ at }) => at)).toEqual([1, 3, 2, 0]);
});
