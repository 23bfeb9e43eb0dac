/**
 * Places orders as shopping-service will, for which there is no route yet: with the functions with which order-service places the
 * orders of machines, and the client `web`.
 */
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createPool } from '@shop/chassis/base/db/pool.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { refused } from '@shop/chassis/contract/problems.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { type Service, WEB_CLIENT } from '@shop/chassis/edge/principal.ts';
import { toProblem } from '@shop/chassis/edge/problem.ts';
import { databaseFault } from '@shop/chassis/reliable/postgres/faults.ts';
import { RefusedError, type Reply, unavailable } from '@shop/chassis/reliable/refusal.ts';
import { databaseUrl, serviceUrls } from '@shop/local/addresses.ts';
import type { System } from '@shop/local/parts.ts';
import type { Attempt } from '@shop/operator/gateway.ts';
import { withOrderMetrics } from '@shop/order-service/metrics.ts';
import { type PlaceOrderInput, placeOrderBody } from '@shop/order-service/orders/order-input.ts';
import { placeOrder } from '@shop/order-service/orders/order-operations.ts';
import { placeBatch } from '@shop/order-service/orders/placement-batch.ts';
import { createInventoryTargets } from '@shop/order-service/reservations/inventory-targets.ts';
import { createReservationClient } from '@shop/order-service/reservations/reservation-client.ts';
import { v7 as uuidv7 } from 'uuid';

export interface Shopping {
  /** Place this order under this key; the reply of order-service. */
  place(key: string, input: PlaceOrderInput): Promise<Reply>;
  close(): Promise<void>;
}

/** Place orders in this database, with the stock of these processes of inventory-service. */
export function placingForShoppers(options: {
  pool: Pool;
  inventoryUrls: readonly string[];
  internalToken: string;
  reservationTimeoutMs: number;
}): Shopping {
  const { pool, reservationTimeoutMs } = options;
  const metrics = withOrderMetrics(createMetrics('order-service', 'test'));
  const log = createLogger('order-service', 'silent');
  const inventory = createInventoryTargets({
    ...{ urls: options.inventoryUrls, internalToken: options.internalToken },
    ...{ timeoutMs: reservationTimeoutMs, metrics, log },
  });
  const reservations = createReservationClient({ inventory, metrics, log });
  const now = () => new Date();
  const deps = { pool, requestPool: pool, reservations, metrics, log, now, wakeRelay: () => {}, reservationTimeoutMs };
  const principal: Service = { kind: 'service', name: WEB_CLIENT };
  const nothing = () => {};

  return {
    async place(key, input) {
      const keyed = toKeyedRequest(principal, key, placeOrder, input);
      const order = {
        ...{ ...input, id: uuidv7(), number: '', clientId: WEB_CLIENT, status: 'pending' as const, version: 1 },
        ...{ awaiting: 'reservation' as const, createdAt: now(), updatedAt: now() },
      };
      const request = { correlationId: order.id, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
      const deadline = performance.now() + 2 * reservationTimeoutMs;
      const [result] = await placeBatch(deps, [
        { ...keyed, ...request, order, deadline, onBegun: nothing, onJudged: nothing },
      ]);
      if (result?.status !== 'fulfilled') throw result?.reason;
      return result.value.reply;
    },
    close: inventory.close,
  };
}

/** One attempt to place an order of a shopper. */
export type PlaceForShopper = (request: { key: string; body: string; giveUpAfterMs?: number }) => Promise<Attempt>;

// That of order-service.
const RESERVATION_TIMEOUT_MS = 1_500;
// Of one more process, so that order-service keeps its own.
const CONNECTIONS = 4;

/** Place orders in a running system, with answers like those of the gateway. */
export function connectShopping({ plan, secrets }: System): { attempt: PlaceForShopper; close: () => Promise<void> } {
  const log = createLogger('order-service', 'silent');
  const connectionString = databaseUrl(plan, secrets, 'order', 'service');
  const pool = createPool({ connectionString, applicationName: 'order-service for shoppers', max: CONNECTIONS }, log);
  const shopping = placingForShoppers({
    ...{ pool, inventoryUrls: serviceUrls(plan, 'inventory'), internalToken: secrets.order_to_inventory_token },
    reservationTimeoutMs: RESERVATION_TIMEOUT_MS,
  });
  return {
    async attempt({ key, body, giveUpAfterMs }) {
      const began = performance.now();
      const placing = shopping.place(key, placeOrderBody.parse(JSON.parse(body))).catch(toReplyOf);
      const reply = await (giveUpAfterMs === undefined ? placing : Promise.race([placing, silence(giveUpAfterMs)]));
      if (!reply) return { cause: 'gave up waiting' };
      const { status, body: text, location, retryAfterSeconds = 0 } = reply;
      const json = JSON.parse(text) as { code?: string };
      const answer = { status, code: json.code, location, replayed: false, retryAfterMs: 1_000 * retryAfterSeconds };
      return { answer: { ...answer, text, json }, ms: performance.now() - began };
    },
    async close() {
      await shopping.close();
      await pool.end();
    },
  };
}

/** As the edge of a service answers an error. */
function toReplyOf(error: unknown): Reply {
  const fault = databaseFault(error) ? unavailable() : error;
  const { refusal } = fault instanceof RefusedError ? fault : refused('internal', String(error));
  return toProblem(refusal, { instance: '/orders', traceId: '' });
}

function silence(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}
