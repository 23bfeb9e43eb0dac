import type { reservationReplies } from '@shop/chassis/contract/messages/inventory-service.ts';
import type { Handle } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { OrderMetrics } from '../metrics.ts';
import { applyReservationResults } from './apply-reservation-results.ts';

export interface ReplyHandlerDeps {
  now: () => Date;
  metrics: OrderMetrics;
  wakeRelay: () => void;
}

/** Handle batches of replies from inventory-service. */
export function reservationReplyHandler(deps: ReplyHandlerDeps): Handle<(typeof reservationReplies)[number]> {
  return async (trx, replies, afterCommit) => {
    const { outcomes, decided } = await applyReservationResults(trx, replies, deps.now());
    afterCommit(() => {
      for (const order of decided) deps.metrics.ordersTotal.of(order.status).inc();
      deps.wakeRelay();
    });
    return outcomes;
  };
}
