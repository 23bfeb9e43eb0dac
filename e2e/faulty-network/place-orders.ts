import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { seededRandom } from '@shop/operator/replay/sendings.ts';
import { createClient, isRefusal, type Order } from '../../clients/typescript/src/index.ts';
import type { System } from '../system.ts';
import { type Fault, startFaultyProxy } from './faulty-proxy.ts';

/** The results that the client got, and the orders that exist. */
export interface Placings {
  confirmed: number;
  rejected: number;
  /** Distinct ids in the client's results. */
  inResults: string[];
  /** Ids of the orders in the list, read through the same network. */
  listed: string[];
  /** Rows in the database. */
  stored: number;
  stock: { onHand: number; reserved: number; available: number };
  requests: number;
  faults: Record<Fault, number>;
}

/** Every tenth order exceeds the stock. */
const REJECTED_EVERY = 10;

/** Place orders, each with one call of the client, over a network in which `share` of all requests get a fault. */
export async function placeOrders(system: System, count: number, share = 0.3): Promise<Placings> {
  const { BASE_URL = '', STOREFRONT_KEY } = system.env;
  const sku = await system.product(count);
  const proxy = await startFaultyProxy(BASE_URL, share, seededRandom(7));
  atEnd(() => proxy.close());
  let requests = 0;
  const shop = createClient({
    baseUrl: proxy.url,
    apiKey: STOREFRONT_KEY,
    // Detects a missing response early, but is longer than the 2.5 s in which the services respond.
    attemptTimeoutMs: 3_000,
    fetch: (url, init) => {
      requests += 1;
      return fetch(url, init);
    },
  });
  const customerId = `faulty-network-${sku}`;

  const inResults: string[] = [];
  let confirmed = 0;
  let rejected = 0;
  let next = 0;
  const place = async (): Promise<void> => {
    while (next < count) {
      const quantity = ++next % REJECTED_EVERY === 0 ? count + 1 : 1;
      try {
        const order = await shop.orders.place({ customerId, currency: 'EUR', lines: [{ sku, quantity }] });
        inResults.push(order.id);
        confirmed += 1;
      } catch (error) {
        if (!isRefusal(error, 'order-rejected')) throw error;
        inResults.push(error.problem.orderId);
        rejected += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: 48 }, place));
  await proxy.quiet();

  const listed: Order[] = [];
  for await (const order of shop.orders.list({ customerId, limit: 100 })) listed.push(order);
  const { rows } = await system.orderDb.query('SELECT count(*)::int AS stored FROM orders WHERE customer_id = $1', [
    customerId,
  ]);
  const stock = await system.stock(sku);
  const ids = listed.map(({ id }) => id);
  return { confirmed, rejected, inResults, listed: ids, stored: rows[0].stored, stock, requests, faults: proxy.counts };
}

/** N calls are N orders, despite the faults. */
export function expectOneOrderEach(count: number, placings: Placings): void {
  const { confirmed, rejected, inResults, listed, stored, stock, requests, faults } = placings;
  expect(Math.min(...Object.values(faults))).toBeGreaterThan(0);
  expect(requests).toBeGreaterThan(count);
  expect(new Set(inResults).size).toBe(count);
  expect(listed.toSorted()).toEqual(inResults.toSorted());
  expect(stored).toBe(count);
  expect([confirmed, rejected]).toEqual([
    count - Math.floor(count / REJECTED_EVERY),
    Math.floor(count / REJECTED_EVERY),
  ]);
  expect(stock).toEqual({ onHand: count, reserved: confirmed, available: count - confirmed });
}
