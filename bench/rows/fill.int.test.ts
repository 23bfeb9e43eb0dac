import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { allKeys } from '@shop/chassis/testing/idempotency-keys.ts';
import { v7 as uuidv7 } from 'uuid';
import * as stockSide from '../../inventory-service/test/test-app.ts';
import * as orderSide from '../../order-service/test/test-app.ts';
import { fillOrders, pendingOf } from './fill.ts';

const COUNT = 3_000;

let orders: TestDatabase;
let stocks: TestDatabase;
let inventory: stockSide.InventoryService;
let server: Server;
let service: orderSide.OrderService;
const progress: number[] = [];
beforeAll(async () => {
  [orders, stocks] = await Promise.all([orderSide.createOrderDatabase(), stockSide.createInventoryDatabase()]);
  atEnd(() => Promise.all([orders.drop(), stocks.drop()]));
  await fillOrders({ orders: orders.ownerUrl, inventory: stocks.ownerUrl }, COUNT, (done) => progress.push(done));
  inventory = stockSide.startInventoryService(stocks.pool);
  atEnd(() => inventory.stop());
  server = createServer(inventory.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  service = orderSide.startOrderService(orders, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  atEnd(() => service.stop());
});

const get = (path: string) => orderSide.get(service, path, orderSide.BACKOFFICE);
const latest = async (status: string) => {
  const { body } = await get(`/orders?status=${status}&limit=1`).expect(200);
  return body.items[0];
};

describe('fillOrders', () => {
  it('writes orders in every status, into every table', async () => {
    const { rows } = await orders.pool.query('SELECT status, count(*)::integer AS n FROM orders GROUP BY status');
    const counted = Object.fromEntries(rows.map(({ status, n }) => [status, n]));
    expect(counted).toMatchObject({ pending: pendingOf(COUNT), shipped: expect.any(Number) });
    expect(counted.delivered).toBeGreaterThan(0.9 * COUNT);
    expect(Object.keys(counted).sort()).toEqual(
      ['cancelled', 'confirmed', 'delivered', 'pending', 'rejected', 'shipped'].sort(),
    );
    expect(progress.at(-1)).toBe(COUNT);
  });

  it('leaves nothing for the reconciliation to find', async () => {
    // A long run is answered with 202 first; a repeat gets the result.
    const reconcile = async (path: string, ask: (key: string) => PromiseLike<{ body: { checked: object } }>) => {
      const key = uuidv7();
      return eventually(async () => {
        const { body } = await ask(key);
        expect({ path, body }).toMatchObject({ body: { status: 'finished', total: 0 } });
        return body;
      });
    };
    const compared = await reconcile('orders', (key) =>
      orderSide.post(service, '/operations/orders/reconciliation', {}, key, orderSide.OPERATIONS),
    );
    expect(compared.checked).toMatchObject({ orders: COUNT, reservations: COUNT - pendingOf(COUNT) });
    const summed = await reconcile('inventory', (key) =>
      stockSide.post(inventory, '/operations/inventory/reconciliation', {}, { key, as: stockSide.OPERATIONS }),
    );
    expect(summed.checked).toMatchObject({ products: 1_000, heldLines: expect.any(Number) });
    expect(await stockSide.findMismatches(stocks.pool)).toEqual([]);
  });

  it('writes orders that can be read, listed, shipped, delivered and cancelled', async () => {
    const confirmed = await latest('confirmed');
    expect((await get(`/orders/${confirmed.id}`).expect(200)).body).toEqual(confirmed);
    const shipment = { carrier: 'DHL', trackingNumber: '1' };
    const step = (id: string, name: string, body: object) =>
      orderSide.post(service, `/orders/${id}/${name}`, body, uuidv7(), orderSide.BACKOFFICE);
    await step(confirmed.id, 'shipment', shipment).expect(200);
    await step(confirmed.id, 'delivery', {}).expect(200);
    const { body } = await get(`/orders/${confirmed.id}/timeline`).expect(200);
    expect(body.items.map(({ type }: { type: string }) => type)).toEqual([
      'placed',
      'confirmed',
      'shipped',
      'delivered',
    ]);
    const other = await latest('confirmed');
    await step(other.id, 'cancellation', {}).expect(200);
    const byNumber = await get(`/orders?number=${other.number}`).expect(200);
    expect(byNumber.body.items).toMatchObject([{ id: other.id, status: 'cancelled', version: 3 }]);
  });

  it('stores only responses within their retention', async () => {
    const keys = await allKeys(orders.pool);
    // One to three responses per order, for 72 hours of a year; the previous test adds a few.
    const longAgo = Date.now() - 73 * 3_600_000;
    expect(keys.filter(({ createdAt }) => createdAt.getTime() < longAgo)).toEqual([]);
    expect(keys.length).toBeGreaterThan((COUNT * 3) / 365);
    expect(keys.length).toBeLessThan((4 * COUNT * 3) / 365);
  });

  it('refuses to fill twice', async () => {
    const again = fillOrders({ orders: orders.ownerUrl, inventory: stocks.ownerUrl }, 10, () => {});
    await expect(again).rejects.toThrow('there are orders already');
  });
});
