import type { Order } from '@shop/client';
import { Money } from '../../shared/components/money.tsx';
import { totalOf } from '../stories/order-facts.ts';

/** What an order costs, where that is known. */
export function OrderTotal({ order }: { order: Order }) {
  const total = totalOf(order.lines);
  return total === undefined ? null : <Money amount={total} currency={order.currency} />;
}
