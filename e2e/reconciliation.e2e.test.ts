/** Reconciliation in the running system: mismatches, work in progress, and killed runs. */
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { anOrderOf, placeAndWait, type System, startSystem, withKey } from './system.ts';

let system: System;
beforeAll(async () => {
  // No grace period: the second look and the waits of the orders must suffice to avoid false mismatches.
  system = await startSystem(2, { ORDER_SERVICE_RECONCILE_GRACE_SECONDS: '0' });
});
afterEach(async () => {
  for (const part of ['order', 'inventory']) await system.control('start', part);
  await system.healthy();
});

type Service = 'orders' | 'inventory';
interface Run {
  id: string;
  status: string;
  error?: string;
  total: number;
  repaired: number;
  kinds: Record<string, number>;
  mismatches: { kind: string; subject: string; repaired: boolean; found: unknown }[];
}
const pathOf = (service: Service) => `/operations/${service}/reconciliation`;

/** Start a comparison, and repeat the request until it has the result. */
async function reconcile(service: Service, withinMs = 30_000): Promise<Run> {
  const key = withKey();
  return eventually(async () => {
    const answer = await system.operations('POST', pathOf(service), undefined, key);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
    return answer.body;
  }, withinMs);
}
/** The last result, as any process shows it. */
async function gauges(service: Service): Promise<Record<string, number>> {
  const url = service === 'orders' ? system.env.ORDER_URL : system.env.INVENTORY_URL;
  const text = await (await fetch(`${url}/metrics`)).text();
  const shown = text.matchAll(/^reconcile_mismatches\{.*kind="([^"]+)".*\} (\d+)$/gm);
  return Object.fromEntries([...shown].map(([, kind, count]) => [kind, Number(count)]).filter(([, count]) => count));
}
const shows = (service: Service, expected: Record<string, number>) =>
  eventually(async () => {
    expect(await gauges(service)).toEqual(expected);
    return true;
  });

async function place(sku: string): Promise<string> {
  const { status, body } = await placeAndWait(system, anOrderOf(sku));
  expect(status).toBe(201);
  return body.id;
}
const byId = (id: string) => (run: Run) => run.mismatches.find(({ subject }) => subject === id);

it('finds mismatches, repairs only lost commands, and finds nothing after the others are corrected', async () => {
  const sku = await system.product(10);
  const cancelled = await place(sku);
  const shipped = await place(sku);
  const forgotten = await place(sku);
  // Steps with lost commands, and an order that is missing in a restored backup.
  await system.orderDb.query(
    `UPDATE orders SET status = 'cancelled', cancellation = '{}', version = version + 1 WHERE id = $1`,
    [cancelled],
  );
  await system.orderDb.query(
    `UPDATE orders SET status = 'shipped', carrier = 'c', tracking_number = 't', version = version + 1 WHERE id = $1`,
    [shipped],
  );
  const kept = await system.orderDb.query('DELETE FROM orders WHERE id = $1 RETURNING *', [forgotten]);
  await system.inventoryDb.query('UPDATE stock_levels SET on_hand = on_hand + 1 WHERE sku = $1', [sku]);

  const orders = await reconcile('orders');
  expect(orders).toMatchObject({ status: 'finished', total: 3, repaired: 2 });
  expect(byId(cancelled)(orders)).toMatchObject({ kind: 'release-missing', found: 'held', repaired: true });
  expect(byId(shipped)(orders)).toMatchObject({ kind: 'fulfilment-missing', found: 'held', repaired: true });
  expect(byId(forgotten)(orders)).toMatchObject({ kind: 'order-unknown', found: 'held', repaired: false });
  await shows('orders', { 'release-missing': 1, 'fulfilment-missing': 1, 'order-unknown': 1 });
  const inventory = await reconcile('inventory');
  expect(inventory).toMatchObject({ total: 1, mismatches: [{ kind: 'ledger-on-hand', subject: sku }] });
  await shows('inventory', { 'ledger-on-hand': 1 });
  for (const service of ['orders', 'inventory'] as const) {
    const { body } = await system.operations('GET', pathOf(service));
    const run = service === 'orders' ? orders : inventory;
    expect(body).toMatchObject({ lastFinished: { id: run.id }, mismatches: run.mismatches });
  }

  // One unit was released, one was shipped; only the unit of the missing order is still reserved.
  await eventually(async () => {
    expect(await system.stock(sku)).toEqual({ onHand: 10, reserved: 1, available: 9 });
    expect((await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL')).rowCount).toBe(0);
    return true;
  });
  expect(await reconcile('orders')).toMatchObject({ total: 1, repaired: 0, kinds: { 'order-unknown': 1 } });
  await system.orderDb.query('INSERT INTO orders SELECT * FROM json_populate_record(NULL::orders, $1)', [
    JSON.stringify({ ...kept.rows[0], fingerprint: '\\x00' }),
  ]);
  await system.inventoryDb.query('UPDATE stock_levels SET on_hand = on_hand - 1 WHERE sku = $1', [sku]);
  for (const service of ['orders', 'inventory'] as const) {
    expect(await reconcile(service)).toMatchObject({ status: 'finished', total: 0 });
    await shows(service, {});
  }
});

it('finds no mismatch in work in progress', async () => {
  const skus = [await system.product(1_000), await system.product(1_000)];
  let isOver = false;
  let placed = 0;
  const client = async (n: number) => {
    for (let turn = n; !isOver; turn += 1) {
      const answer = await system.storefront('POST', '/orders', anOrderOf(skus[turn % 2] ?? ''), withKey());
      if (answer.status !== 201 && answer.status !== 202) continue;
      placed += 1;
      const path = `/orders/${answer.body.id}`;
      if (turn % 3 === 0) await system.storefront('POST', `${path}/cancellation`, undefined, withKey());
      if (turn % 3 === 1) {
        await system.backoffice('POST', `${path}/shipment`, { carrier: 'c', trackingNumber: 't' }, withKey());
        await system.backoffice('POST', `${path}/delivery`, undefined, withKey());
      }
    }
  };
  const load = Promise.all([0, 1, 2, 3].map(client));
  const runs: Run[] = [];
  try {
    while (runs.length < 20 || placed < 100) {
      runs.push(await reconcile('orders'), await reconcile('inventory'));
    }
    // Some commands stay unanswered for a while, and some orders pending.
    await system.control('pause', 'inventory-1');
    await system.control('kill', 'inventory-2');
    await eventually(async () => {
      const waiting = await system.orderDb.query('SELECT FROM orders WHERE awaiting IS NOT NULL');
      return (waiting.rowCount ?? 0) > 20 ? true : undefined;
    });
    await system.control('resume', 'inventory-1');
    await system.control('start', 'inventory-2');
    for (let n = 0; n < 10; n += 1) runs.push(await reconcile('orders'), await reconcile('inventory'));
  } finally {
    isOver = true;
    await load;
  }
  expect(runs.filter(({ total }) => total > 0)).toEqual([]);
  expect(runs.filter(({ status }) => status === 'finished').length).toBeGreaterThan(30);
});

it('a run whose process is killed does not block the next, and without inventory-service the last result stays', async () => {
  const good = await reconcile('orders');
  await system.control('pause', 'inventory');
  const { status, body } = await system.operations('POST', pathOf('orders'), undefined, withKey());
  expect([status, body.status]).toEqual([202, 'running']);
  await system.control('kill', 'order');
  await system.control('kill', 'inventory');
  await system.control('start', 'order');
  const failed = await eventually(async () => {
    const run = await reconcile('orders');
    return run.id === body.id ? undefined : run;
  });
  expect(failed).toMatchObject({ status: 'failed', error: 'inventory-service did not answer.' });
  expect((await system.operations('GET', pathOf('orders'))).body).toMatchObject({
    lastRun: { status: 'failed' },
    lastFinished: { id: good.id },
  });
  await system.control('start', 'inventory');
  await system.healthy();
  expect(await reconcile('orders')).toMatchObject({ status: 'finished', total: 0 });
});

it('is for operations only', async () => {
  for (const path of [pathOf('orders'), pathOf('inventory')]) {
    for (const method of ['GET', 'POST']) {
      expect((await system.anonymous(method, path)).status).toBe(401);
      expect((await system.storefront(method, path, undefined, withKey())).status).toBe(403);
      expect((await system.backoffice(method, path, undefined, withKey())).status).toBe(403);
    }
    expect((await system.operations('POST', path)).body.code).toBe('idempotency-key-missing');
  }
});
