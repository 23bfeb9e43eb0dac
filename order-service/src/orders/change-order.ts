import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { refused } from '@shop/chassis/contract/problems.ts';
import { actorOf, type Principal } from '@shop/chassis/edge/principal.ts';
import type { RefusedError, Reply } from '@shop/chassis/reliable/refusal.ts';
import type { Order, Outcome } from './order.ts';
import { type Cause, orderEvent, reservationCommand } from './order-messages.ts';
import { applyTransitions, lockOrders } from './orders.sql.ts';
import { finalReply, stepReply } from './replies.ts';
import { isVisible } from './visibility.ts';

/** A requested step of an order. */
export interface StepRequest {
  /** Undefined if the id in the path is not a UUID. */
  orderId: string | undefined;
  principal: Principal;
  cause: Cause;
  /** The request's path, for problems. */
  instance: string;
}

/**
 * Cancel, ship or deliver: lock the order, let the pure `decide` judge it, and write the step with its event and the
 * command to inventory-service. A refusal is an answer and is stored; an order that the caller may not see is thrown.
 */
export async function changeOrder(
  trx: Transaction,
  request: StepRequest,
  decide: (order: Order) => Outcome,
): Promise<Reply> {
  const before = await lockVisibleOrder(trx, request);
  const outcome = decide(before);
  if (outcome.kind === 'changed') await writeStep(trx, before, outcome.order, request);
  return stepReply(outcome, { instance: request.instance, traceId: request.cause.correlationId });
}

async function lockVisibleOrder(trx: Transaction, { orderId, principal }: StepRequest): Promise<Order> {
  const order = orderId === undefined ? undefined : (await lockOrders(trx, [orderId])).get(orderId);
  if (!order || !isVisible(order, principal)) throw orderNotFound();
  return order;
}

async function writeStep(
  trx: Transaction,
  before: Order,
  after: Order,
  { principal, cause }: StepRequest,
): Promise<void> {
  const messages = [orderEvent(after, cause)];
  // A new wait starts with its command, which inventory-service answers.
  if (after.awaiting && after.awaiting !== before.awaiting) {
    messages.push(reservationCommand(after, after.awaiting, cause, after.updatedAt));
  }
  const changed = await applyTransitions(trx, [
    {
      before,
      after,
      actor: actorOf(principal),
      correlationId: cause.correlationId,
      messages,
      finalReply: before.status === 'pending' ? finalReply(after, cause.correlationId) : undefined,
    },
  ]);
  if (!changed.has(before.id)) throw new Error(`order ${before.id} changed under its lock`);
}

/** 404, both for an order that does not exist and for one of another client. */
export function orderNotFound(): RefusedError {
  return refused('order-not-found', 'This client has no order with this id.');
}
