import { ordersPerMinute } from './orders-per-minute.ts';

const now = Date.parse('2026-03-01T12:00:30.000Z');
const order = (secondsAgo: number, status: Parameters<typeof ordersPerMinute>[0][number]['status']) => ({
  createdAt: new Date(now - secondsAgo * 1_000).toISOString(),
  status,
});

it('counts the orders of each minute by what became of them', () => {
  const orders = [
    order(-5, 'pending'),
    order(10, 'confirmed'),
    order(40, 'rejected'),
    order(45, 'delivered'),
    order(100, 'cancelled'),
    order(4_000, 'confirmed'),
  ];
  expect(ordersPerMinute(orders, now, 3).map(({ good, waiting, bad }) => [good, waiting, bad])).toEqual([
    [0, 0, 1],
    [1, 0, 1],
    [1, 1, 0],
  ]);
});
