import type { FeedDefinition } from '@shop/chassis/reliable/feed/feed.sql.ts';
import type { OrderId, OrderStatus } from './order.ts';

/** A change of an order's status; placing it is the first. */
export interface OrderChange {
  orderId: OrderId;
  number: string;
  status: OrderStatus;
  version: number;
}

/** Every change of every order, once. The statements that change orders write to its queue. */
export const orderChanges: FeedDefinition<OrderChange> = {
  name: 'order_changes',
  columns: ['order_id', 'version', 'status'],
  // An order keeps its number.
  select: /* sql */ `
    c.order_id AS "orderId", (SELECT 'ORD-' || number FROM orders WHERE id = c.order_id) AS number, c.status, c.version`,
};
