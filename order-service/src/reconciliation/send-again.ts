import type { Pool } from '@shop/chassis/db/pool.ts';
import { inTransaction } from '@shop/chassis/db/transaction.ts';
import { addToOutbox } from '@shop/chassis/outbox/outbox-message.ts';
import type { Awaiting, Order, OrderId } from '../orders/order.ts';
import { reservationCommand } from '../orders/order-messages.ts';
import { lockOrders } from '../orders/orders.sql.ts';
import { beginWaits } from './reconciliation.sql.ts';

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
