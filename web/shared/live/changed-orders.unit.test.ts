import type { Order } from '@shop/client';
import { withChange } from './changed-orders.ts';

const order = (id: string, version: number) => ({ id, version, status: 'confirmed', number: id }) as Order;
const cancelled = { orderId: 'b', number: 'b', status: 'cancelled', version: 3 } as const;
const pages = (...versions: number[]) => ({
  pages: [{ items: [order('a', 2)], nextCursor: 'x' }, { items: versions.map((version) => order('b', version)) }],
  pageParams: [undefined, 'x'],
});

it('gives the row of an order its new status, and leaves the others', () => {
  const before = pages(2);
  expect(withChange(before, cancelled)).toEqual({
    pages: [before.pages[0], { items: [{ ...order('b', 3), status: 'cancelled' }] }],
    pageParams: [undefined, 'x'],
  });
});

it('knows lists of one page too', () => {
  const before = { items: [order('b', 2)], nextCursor: 'x' };
  expect(withChange(before, cancelled)).toEqual({
    items: [{ ...order('b', 3), status: 'cancelled' }],
    nextCursor: 'x',
  });
});

it.each([3, 4])('changes nothing when the row has version %d', (version) => {
  expect(withChange(pages(version), cancelled)).toBeUndefined();
});

it('changes nothing when the order is not shown', () => {
  expect(withChange(pages(), cancelled)).toBeUndefined();
});
