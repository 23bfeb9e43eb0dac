import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { type Service, WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import { withOrderMetrics } from '@shop/order-service/metrics.ts';
import { placeOrder } from '@shop/order-service/orders/order-operations.ts';
import { placeBatch } from '@shop/order-service/orders/placement-batch.ts';
import { createInventoryTargets } from '@shop/order-service/reservations/inventory-targets.ts';
import { createReservationClient } from '@shop/order-service/reservations/reservation-client.ts';
import { v7 as uuidv7 } from 'uuid';
import { INTERNAL_TOKEN, type Services } from './model/services.ts';

/**
 * Places orders as shopping-service will, for which there is no route yet: with the functions with which order-service places the
 * orders of machines, and the client `web`.
 */
export function placingForShoppers({ orderDb: pool, urls }: Services) {
  const metrics = withOrderMetrics(createMetrics('order-service', 'test'));
  const log = createLogger('order-service', 'silent');
  const reservationTimeoutMs = 30_000;
  const inventory = createInventoryTargets({
    urls: [urls.inventory],
    internalToken: INTERNAL_TOKEN,
    timeoutMs: reservationTimeoutMs,
    metrics,
    log,
  });
  const reservations = createReservationClient({ inventory, metrics, log });
  const now = () => new Date();
  const deps = { pool, requestPool: pool, reservations, metrics, log, now, wakeRelay: () => {}, reservationTimeoutMs };
  const principal: Service = { kind: 'service', name: WEB_CLIENT };
  const nothing = () => {};

  return {
    /** The id of a confirmed order of this account. */
    async place(accountId: string, quantity = 1): Promise<string> {
      const input = { customerId: accountId, currency: 'EUR', lines: [{ sku: 'MUG', quantity, unitPrice: 900 }] };
      const keyed = toKeyedRequest(principal, `checkout:${uuidv7()}`, placeOrder, input);
      const order = {
        ...{ ...input, id: uuidv7(), number: '', clientId: WEB_CLIENT, status: 'pending' as const, version: 1 },
        ...{ awaiting: 'reservation' as const, createdAt: now(), updatedAt: now() },
      };
      const request = { correlationId: order.id, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
      const [answer] = await placeBatch(deps, [
        { ...keyed, ...request, order, deadline: performance.now() + 30_000, onBegun: nothing, onJudged: nothing },
      ]);
      expect(answer).toMatchObject({ value: { reply: { status: 201 } } });
      return order.id;
    },
    close: inventory.close,
  };
}
