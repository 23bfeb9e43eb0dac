import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { seededRandom } from '@shop/operator/replay/sendings.ts';
import { createClient, isRefusal, type Order } from '../../clients/typescript/src/index.ts';
import type { System } from '../system.ts';
import { type Fault, startFaultyProxy } from './faulty-proxy.ts';

/** What the client was told, and what is there. */
export interface Placings {
  confirmed: number;
  rejected: number;
  /** Ids that the client was told, each once. */
  told: string[];
  /** Ids of the orders in the list, read through the same network. */
  listed: string[];
  /** Rows in the database, which cannot be listed wrongly. */
  stored: number;
  stock: { onHand: number; reserved: number; available: number };
  requests: number;
  faults: Record<Fault, number>;
}

/** Every tenth order asks for more than there is. */
const REJECTED_EVERY = 10;

/** Place so many orders, each by one call of the client, over a network in which `share` of all requests meet a fault. */
export async function placeOrders(system: System, count: number, share = 0.3): Promise<Placings> {
  const { BASE_URL = '', STOREFRONT_KEY } = system.env;
  const sku = await system.product(count);
  const proxy = await startFaultyProxy(BASE_URL, share, seededRandom(7));
  atEnd(() => proxy.close());
  let requests = 0;
  const shop = createClient({
    baseUrl: proxy.url,
    apiKey: STOREFRONT_KEY,
    // For silence, which is noticed so much earlier; above the 2.5 s within which an answer comes.
    attemptTimeoutMs: 3_000,
    fetch: (url, init) => {
      requests += 1;
      return fetch(url, init);
    },
  });
  const customerId = `faulty-network-${sku}`;

  const told: string[] = [];
  let confirmed = 0;
  let rejected = 0;
  let next = 0;
  const place = async (): Promise<void> => {
    while (next < count) {
      const quantity = ++next % REJECTED_EVERY === 0 ? count + 1 : 1;
      try {
        const order = await shop.orders.place({ customerId, currency: 'EUR', lines: [{ sku, quantity }] });
        told.push(order.id);
        confirmed += 1;
      } catch (error) {
        if (!isRefusal(error, 'order-rejected')) throw error;
        told.push(error.problem.orderId);
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
  return { confirmed, rejected, told, listed: ids, stored: rows[0].stored, stock, requests, faults: proxy.counts };
}

/** N placings are N orders, whatever the network did. */
export function expectOneOrderEach(count: number, placings: Placings): void {
  const { confirmed, rejected, told, listed, stored, stock, requests, faults } = placings;
  expect(Math.min(...Object.values(faults))).toBeGreaterThan(0);
  expect(requests).toBeGreaterThan(count);
  expect(new Set(told).size).toBe(count);
  expect(listed.toSorted()).toEqual(told.toSorted());
  expect(stored).toBe(count);
  expect([confirmed, rejected]).toEqual([
    count - Math.floor(count / REJECTED_EVERY),
    Math.floor(count / REJECTED_EVERY),
  ]);
  expect(stock).toEqual({ onHand: count, reserved: confirmed, available: count - confirmed });
}
