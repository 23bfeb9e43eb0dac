import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { addToOutbox } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Awaiting, Order, OrderId } from '../orders/order.ts';
import { reservationCommand } from '../orders/order-messages.ts';
import { lockOrders } from '../orders/orders.sql.ts';
import { beginWaits, tellRequests } from './reconciliation.sql.ts';

/**
 * Write the lost `release` or `fulfil` of these orders again, each as a new message for the same reservation, and let the
 * orders wait for its answer, so that the completer repeats it until it comes. The rows are locked and judged anew: an
 * order that waits for an answer already, or is none of those that give stock up, is left alone. Returns the others' ids.
 *
 * Safe beside an open dead letter, too: the handler goes by the state that it finds, so the second of the two commands
 * changes nothing.
 */
export async function sendAgain(pool: Pool, ids: readonly OrderId[], now: Date): Promise<Set<OrderId>> {
  return inTransaction(pool, async (trx) => {
    const orders = await lockOrders(trx, ids);
    const lost = [...orders.values()].flatMap((order) => {
      const awaiting = order.awaiting ? undefined : answerOwedTo(order);
      return awaiting ? [{ order, awaiting }] : [];
    });
    const begun = await beginWaits(
      trx,
      lost.map(({ order, awaiting }) => ({ id: order.id, awaiting, detail: { reason: 'reconciliation', awaiting } })),
      now,
    );
    const waits = new Map(begun.map((wait) => [wait.id, wait]));
    const commands = lost.flatMap(({ order, awaiting }) => {
      const wait = waits.get(order.id);
      // The one in the outbox is on its way; another would only add to the backlog.
      if (!wait || wait.isUnsent) return [];
      return [reservationCommand(order, awaiting, { correlationId: wait.correlationId }, now)];
    });
    await addToOutbox(trx, commands);
    return new Set(waits.keys());
  });
}

/**
 * Ask once more for the reservations of these orders, which inventory-service has forgotten; of those that were shipped,
 * too: when their units are held, the next run finds a fulfilment missing. The rows are locked and judged anew. No order
 * waits for the answer, which changes nothing: the next run sees what came of it, and asks again if it was lost.
 * Returns the ids of the orders that were asked for.
 */
export async function requestAgain(pool: Pool, ids: readonly OrderId[], now: Date): Promise<Set<OrderId>> {
  return inTransaction(pool, async (trx) => {
    const orders = await lockOrders(trx, ids);
    const owed = [...orders.values()].filter(({ status }) => ['confirmed', 'shipped', 'delivered'].includes(status));
    const told = await tellRequests(
      trx,
      owed.map(({ id }) => id),
      { reason: 'reconciliation', awaiting: 'reservation' },
      now,
    );
    const commands = owed.flatMap((order) => {
      const correlationId = told.get(order.id);
      return correlationId === undefined ? [] : [reservationCommand(order, 'reservation', { correlationId }, now)];
    });
    await addToOutbox(trx, commands);
    return new Set(told.keys());
  });
}

/** What inventory-service has to answer before nothing is held for the order. */
function answerOwedTo({ status }: Order): Awaiting | undefined {
  switch (status) {
    case 'cancelled':
    case 'rejected':
      return 'release';
    case 'shipped':
    case 'delivered':
      return 'fulfilment';
    default:
      return undefined;
  }
}
