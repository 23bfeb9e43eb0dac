import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { addToOutbox } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Awaiting, Order, OrderId } from '../orders/order.ts';
import { reservationCommand } from '../orders/order-messages.ts';
import { lockOrders } from '../orders/orders.sql.ts';
import { beginWaits, recordRequests } from './reconciliation.sql.ts';

/**
 * Send the lost `release` or `fulfil` of these orders again, each as a new message for the same reservation, and let the orders
 * wait for the reply, so that the completer repeats the command until it comes. The rows are locked and checked again: orders
 * that already wait for a reply, or need no such command, are skipped. Returns the ids of the others.
 *
 * This is safe even if there is an open dead letter of the command: the handler checks the current state, so the second command
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
      // A command is already in the outbox; another would only add to the backlog.
      if (!wait || wait.isUnsent) return [];
      return [reservationCommand(order, awaiting, { correlationId: wait.correlationId }, now)];
    });
    await addToOutbox(trx, commands);
    return new Set(waits.keys());
  });
}

/**
 * Request the reservations of these orders again, which inventory-service has lost. This includes shipped orders: once their
 * units are held, the next run finds a missing fulfilment. The rows are locked and checked again. No order waits for the reply,
 * because it changes nothing: the next run checks the result, and repeats the request if it was lost. Returns the ids of the
 * orders whose reservations were requested.
 */
export async function requestAgain(pool: Pool, ids: readonly OrderId[], now: Date): Promise<Set<OrderId>> {
  return inTransaction(pool, async (trx) => {
    const orders = await lockOrders(trx, ids);
    const owed = [...orders.values()].filter(({ status }) => ['confirmed', 'shipped', 'delivered'].includes(status));
    const told = await recordRequests(
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

/** The reply that is missing while a reservation is still held for the order. */
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
