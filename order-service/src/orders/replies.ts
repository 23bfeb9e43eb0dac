import { toProblem } from '@shop/chassis/edge/problem.ts';
import { RETRY_AFTER_SECONDS, type Reply, toReply } from '@shop/chassis/reliable/refusal.ts';
import type { Order, Outcome } from './order.ts';
import { toOrderView } from './order-view.ts';

/** 200 with the order. */
export function orderReply(order: Order): Reply {
  return toReply(200, toOrderView(order));
}

/** 202: durable, not decided. Never stored: the final answer takes its place. */
export function acceptedReply(order: Order): Reply {
  return { ...toReply(202, toOrderView(order), locationOf(order)), retryAfterSeconds: RETRY_AFTER_SECONDS };
}

/**
 * The final answer to the request that placed the order, by what became of it when it left `pending`. `traceId` is the
 * id of whichever request or message decided.
 */
export function finalReply(order: Order, traceId: string): Reply {
  const occurrence = { instance: '/orders', traceId };
  switch (order.firstOutcome) {
    case 'confirmed':
      return toReply(201, toOrderView(order), locationOf(order));
    case 'rejected':
      return toProblem(
        {
          code: 'order-rejected',
          detail: 'At least one line could not be reserved.',
          members: { orderId: order.id, lines: order.rejection?.lines ?? [] },
        },
        occurrence,
      );
    case 'cancelled':
      return toProblem(
        {
          code: 'order-cancelled',
          detail: 'The order was cancelled before its stock was reserved or rejected.',
          members: { orderId: order.id },
        },
        occurrence,
      );
    case undefined:
      throw new Error(`order ${order.id} is pending: it has no final answer`);
  }
}

/** The answer to a step that was asked of an order; a refusal is an answer too, and is stored like one. */
export function stepReply(outcome: Outcome, occurrence: { instance: string; traceId: string }): Reply {
  switch (outcome.kind) {
    case 'changed':
    case 'unchanged':
      return orderReply(outcome.order);
    case 'illegal':
      return toProblem(
        {
          code: 'illegal-transition',
          detail: `The order is ${outcome.from} and cannot become ${outcome.to}.`,
          members: { from: outcome.from, to: outcome.to },
        },
        occurrence,
      );
    case 'shipment-differs':
      return toProblem(
        { code: 'shipment-differs', detail: 'The order was shipped with another carrier or tracking number.' },
        occurrence,
      );
  }
}

function locationOf(order: Order): string {
  return `/orders/${order.id}`;
}
