import type { orderEvents } from '@shop/chassis/contract/messages/order-service.ts';
import { WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import type { Handle } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { Delay } from './history-metrics.ts';
import { writeOrders } from './order-history.sql.ts';
import type { OrderSource } from './order-source.ts';

/**
 * An event is a hint that an order has changed. The orders of a batch are read from order-service as they are now, so that neither
 * the order of events, nor duplicates, nor gaps matter. While order-service is unavailable, the consumer pauses.
 */
export function orderEventHandler(deps: {
  orders: Pick<OrderSource, 'lookup'>;
  delay: Delay;
}): Handle<(typeof orderEvents)[number]> {
  return async (trx, events, afterCommit) => {
    const ofShoppers = events.filter(({ message }) => message.payload.clientId === WEB_CLIENT);
    if (ofShoppers.length > 0) {
      const times = ofShoppers.map(({ message }) => Date.parse(message.occurredAt));
      deps.delay.began(new Date(Math.min(...times)));
      const ids = new Set(ofShoppers.map(({ message }) => message.payload.orderId));
      await writeOrders(trx, await deps.orders.lookup([...ids]));
      afterCommit(deps.delay.ended);
    }
    return events.map(() => 'handled');
  };
}
