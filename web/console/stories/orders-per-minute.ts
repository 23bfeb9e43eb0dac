import type { Order } from '@shop/client';

/** A minute, and what became of the orders that were placed in it. */
export interface Minute {
  /** When it begins, in milliseconds. */
  at: number;
  good: number;
  waiting: number;
  bad: number;
}

const MINUTE_MS = 60_000;

/** The last `count` minutes, oldest first; the last one is not over. Pure. */
export function ordersPerMinute(
  orders: readonly Pick<Order, 'createdAt' | 'status'>[],
  now: number,
  count = 60,
): Minute[] {
  const last = Math.floor(now / MINUTE_MS);
  const minutes = Array.from({ length: count }, (_, index): Minute => {
    return { at: (last - count + 1 + index) * MINUTE_MS, good: 0, waiting: 0, bad: 0 };
  });
  for (const { createdAt, status } of orders) {
    // A clock that is ahead of ours has no minute of its own.
    const minute = minutes[Math.min(Math.floor(Date.parse(createdAt) / MINUTE_MS), last) - last + count - 1];
    if (minute !== undefined) minute[kindOf(status)] += 1;
  }
  return minutes;
}

function kindOf(status: Order['status']): 'good' | 'waiting' | 'bad' {
  if (status === 'pending') return 'waiting';
  return status === 'rejected' || status === 'cancelled' ? 'bad' : 'good';
}
