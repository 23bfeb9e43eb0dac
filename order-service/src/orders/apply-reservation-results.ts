import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import type { reservationReplies } from '@shop/chassis/contract/messages/inventory-service.ts';
import type { HandlerOutcome } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { Envelope } from '@shop/chassis/reliable/messaging/message-definition.ts';
import { type Awaiting, applyDecision, type Decision, type Order } from './order.ts';
import { orderEvent } from './order-messages.ts';
import { applyTransitions, endWaits, lockOrders, type Transition } from './orders.sql.ts';
import { finalReply } from './replies.ts';

export type ReservationReply = Envelope<(typeof reservationReplies)[number]>;

export interface ReceivedReply {
  message: ReservationReply;
  traceparent?: string;
}

/**
 * Apply a set of replies from inventory-service. It is idempotent by the order's state: a reply that is repeated, late, or
 * overtaken by a cancellation changes nothing. A step that takes an order out of `pending` also completes its key.
 */
export async function applyReservationResults(
  trx: Transaction,
  replies: readonly ReceivedReply[],
  now: Date,
): Promise<{ outcomes: HandlerOutcome[]; decided: Order[] }> {
  const orders = await lockOrders(trx, [...new Set(replies.map(({ message }) => message.payload.reservationId))]);
  const steps: Transition[] = [];
  const ended: { id: string; awaiting: Awaiting }[] = [];

  function apply({ message, traceparent }: ReceivedReply): HandlerOutcome {
    const order = orders.get(message.payload.reservationId);
    if (!order) {
      // An operator released the reservation of an unknown order after a restore. Nothing is held, so nothing is to be done.
      if (message.type === 'reservation.released') return 'handled';
      return { deadLetter: 'order-not-found', detail: message.payload.reservationId };
    }
    if (message.type === 'reservation.released' || message.type === 'reservation.fulfilled') {
      ended.push({ id: order.id, awaiting: message.type === 'reservation.released' ? 'release' : 'fulfilment' });
      return 'handled';
    }
    const decision = toDecision(message);
    if (!decision) {
      // Only a cancellation makes a tombstone, so the order should not be pending.
      return order.status === 'pending' ? { deadLetter: 'released-while-pending', detail: order.id } : 'handled';
    }
    const outcome = applyDecision(order, decision, now);
    if (outcome.kind !== 'changed') return 'handled';
    const { correlationId, id } = message;
    steps.push({
      before: order,
      after: outcome.order,
      actor: 'inventory-service',
      correlationId,
      messages: [orderEvent(outcome.order, { correlationId, causationId: id, traceparent })],
      finalReply: finalReply(outcome.order, correlationId),
    });
    orders.set(order.id, outcome.order);
    return 'handled';
  }

  const outcomes = replies.map(apply);
  if (steps.length > 0) await applySteps(trx, steps);
  if (ended.length > 0) await endWaits(trx, ended);
  return { outcomes, decided: steps.map((step) => step.after) };
}

async function applySteps(trx: Transaction, steps: readonly Transition[]): Promise<void> {
  const changed = await applyTransitions(trx, steps);
  if (changed.size !== steps.length) throw new Error('an order changed under its lock');
}

function toDecision(
  message: Extract<ReservationReply, { type: 'reservation.held' | 'reservation.rejected' }>,
): Decision | undefined {
  if (message.type === 'reservation.held') return { kind: 'held' };
  return message.payload.reason === 'released'
    ? undefined
    : { kind: 'rejected', shortages: message.payload.shortages ?? [] };
}
