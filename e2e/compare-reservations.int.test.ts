/** order-service with a real inventory-service over HTTP. The tests carry the messages, so that they can lose them. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import type { TestDatabase } from '@shop/chassis/testing/database.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { counted } from '@shop/chassis/testing/messaging.ts';
import { withClient } from '@shop/chassis/testing/with-client.ts';
import { v7 as uuidv7 } from 'uuid';
import { reservationCommandHandler } from '../inventory-service/src/reservations/reservations.messages.ts';
import {
  createInventoryDatabase,
  type InventoryService,
  levelOf,
  startInventoryService,
  stock,
} from '../inventory-service/test/test-app.ts';
import {
  applyReservationResults,
  type ReservationReply,
} from '../order-service/src/orders/apply-reservation-results.ts';
import { PAGE } from '../order-service/src/reconciliation/reservation-pages.ts';
import {
  anOrder,
  BACKOFFICE,
  createOrderDatabase,
  get,
  OPERATIONS,
  type OrderService,
  post,
  startOrderService,
} from '../order-service/test/test-app.ts';

let orders: TestDatabase;
let stocks: TestDatabase;
let inventory: InventoryService;
let server: Server;
let url: string;
let service: OrderService;
beforeAll(async () => {
  [orders, stocks] = await Promise.all([createOrderDatabase(), createInventoryDatabase()]);
  atEnd(() => Promise.all([orders.drop(), stocks.drop()]));
  inventory = startInventoryService(stocks.pool);
  atEnd(() => inventory.stop());
  server = createServer(inventory.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(server));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(async () => {
  await Promise.all([orders.truncate(), stocks.truncate()]);
  await stock(inventory, 'MUG', 100);
  service = another();
});

function another({ pool = orders.pool, inventoryUrl = url, graceSeconds = 0 } = {}): OrderService {
  const one = startOrderService({ ...orders, pool }, inventoryUrl, undefined, graceSeconds);
  atEnd(() => one.stop());
  return one;
}
const path = '/operations/orders/reconciliation';
/** A long run is answered with 202 first; a repeat of the request gets the result. */
const reconcile = async (one = service, key = uuidv7()) => {
  const answer = await eventually(async () => {
    const { status, body } = await post(one, path, {}, key, OPERATIONS);
    return status === 202 ? undefined : { status, body };
  });
  expect(answer.status).toBe(200);
  return answer.body;
};
/** The gauge is set after the result, which a client may read first. */
const gaugeShows = (kind: string, count: number) =>
  eventually(async () => {
    expect(await counted(service.metrics, 'reconcile_mismatches', { kind })).toBe(count);
    return true;
  });
const place = async (quantity = 1) => {
  const { body } = await post(service, '/orders', anOrder({ lines: [{ sku: 'MUG', quantity }] }));
  return (body.id ?? body.orderId) as string;
};
const shipment = { carrier: 'post', trackingNumber: '1' };
const cancel = (id: string) => post(service, `/orders/${id}/cancellation`, {}).expect(200);
const ship = (id: string) => post(service, `/orders/${id}/shipment`, shipment, uuidv7(), BACKOFFICE).expect(200);
const deliver = (id: string) => post(service, `/orders/${id}/delivery`, {}, uuidv7(), BACKOFFICE).expect(200);

const takeOut = async (pool: Pool) =>
  (await pool.query<{ body: string; mandatory: boolean }>('DELETE FROM outbox_messages RETURNING body, mandatory')).rows
    .filter(({ mandatory }) => mandatory)
    .map(({ body }) => JSON.parse(body));
/**
 * Carries commands to inventory-service and its replies back, as the broker does. Returns the types of the commands.
 */
async function exchange(): Promise<string[]> {
  const commands = await takeOut(orders.pool);
  const handle = reservationCommandHandler({ metrics: inventory.metrics, now: () => new Date(), wakeRelay: () => {} });
  const deliveries = commands.map((message) => ({ message, traceparent: undefined }));
  await inTransaction(stocks.pool, (trx) => handle(trx, deliveries as never, (effect) => effect()));
  const replies = (await takeOut(stocks.pool)).map((message: ReservationReply) => ({ message }));
  await inTransaction(orders.pool, (trx) => applyReservationResults(trx, replies, new Date()));
  return commands.map(({ type }) => type);
}
const losingMessages = () => Promise.all([takeOut(orders.pool), takeOut(stocks.pool)]);
/** Changes rows without the application, as a restored backup or a manual change does. */
const falsify = (database: TestDatabase, sql: string) => withClient(database.ownerUrl, (client) => client.query(sql));
const forget = () => falsify(orders, 'UPDATE orders SET awaiting = NULL, ask_at = NULL');
const stateOf = async (id: string) =>
  (await stocks.pool.query('SELECT state FROM reservations WHERE id = $1', [id])).rows[0]?.state;
const waitOf = async (id: string) =>
  (await orders.pool.query('SELECT awaiting FROM orders WHERE id = $1', [id])).rows[0]?.awaiting;

/** An order in each status, each with the correct reservation. */
async function aConsistentHistory() {
  const [confirmed, cancelled, shipped, delivered] = [await place(), await place(), await place(), await place()];
  const rejected = await place(1_000);
  await cancel(cancelled);
  await ship(shipped);
  await ship(delivered);
  await deliver(delivered);
  await exchange();
  return { confirmed, cancelled, shipped, delivered, rejected };
}

it('finds no mismatch in a consistent history', async () => {
  await aConsistentHistory();
  expect(await reconcile()).toMatchObject({
    status: 'finished',
    checked: { orders: 5, reservations: 5 },
    total: 0,
    mismatches: [],
  });
});

it('reports no mismatch for commands in flight, without a grace period', async () => {
  await cancel(await place());
  await ship(await place());
  expect(await reconcile()).toMatchObject({ total: 0, checked: { underWay: 2 } });
  await exchange();
  expect((await reconcile()).checked.underWay).toBe(0);
});

describe.each([
  ['cancelled', 'release-missing', 'released', 'reservation.release'],
  ['rejected', 'release-missing', 'rejected', 'reservation.release'],
  ['shipped', 'fulfilment-missing', 'fulfilled', 'reservation.fulfil'],
  ['delivered', 'fulfilment-missing', 'fulfilled', 'reservation.fulfil'],
] as const)('a held reservation of an order that is %s', (status, kind, expected, command) => {
  let id: string;
  beforeEach(async () => {
    id = await place(3);
    if (status === 'cancelled') await cancel(id);
    if (status === 'shipped' || status === 'delivered') await ship(id);
    if (status === 'delivered') await deliver(id);
    if (status === 'rejected') {
      await falsify(orders, `UPDATE orders SET status = 'rejected', rejection = '{"lines": []}', version = 2`);
    }
    await losingMessages();
    await forget();
  });

  it('is found, and its lost command is written again and awaited until it is answered', async () => {
    const run = await reconcile();
    expect(run).toMatchObject({
      total: 1,
      repaired: 1,
      mismatches: [{ kind, subject: id, expected, found: 'held', because: `The order is ${status}.`, repaired: true }],
    });
    await gaugeShows(kind, 1);
    expect(await waitOf(id)).toBe(command === 'reservation.release' ? 'release' : 'fulfilment');
    const { body } = await get(service, `/orders/${id}/timeline`, OPERATIONS);
    expect(body.items.at(-1)).toMatchObject({
      type: 'queued',
      actor: 'order-service',
      correlationId: body.items[0].correlationId,
      detail: { reason: 'reconciliation' },
    });

    expect(await reconcile()).toMatchObject({ total: 0, checked: { underWay: 1 } });
    expect(await exchange()).toEqual([command]);
    expect(await stateOf(id)).toBe(command === 'reservation.release' ? 'released' : 'fulfilled');
    expect(await waitOf(id)).toBeNull();
    expect((await levelOf(stocks.pool, 'MUG')).reserved).toBe(0);
    expect(await reconcile()).toMatchObject({ total: 0, repaired: 0 });
    await gaugeShows(kind, 0);
  });

  it('gets no second command while one is unsent', async () => {
    await orders.pool.query(
      `INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body)
       VALUES (gen_random_uuid(), 'x', 'x', true, $1, '{}')`,
      [id],
    );
    expect(await reconcile()).toMatchObject({ total: 1, repaired: 1 });
    expect((await orders.pool.query('SELECT FROM outbox_messages WHERE mandatory')).rowCount).toBe(1);
    expect(await waitOf(id)).not.toBeNull();
  });

  it('gets one command when two processes look at the same time', async () => {
    const findings = {
      isFull: true,
      known: {},
      startedAt: new Date(),
      signal: AbortSignal.timeout(60_000),
      count: () => {},
      report: () => {},
      atEnd: () => {},
    };
    await Promise.all([service, another()].map((one) => one.compare(findings)));
    expect((await takeOut(orders.pool)).map(({ type }) => type)).toEqual([command]);
  });
});

describe('a reservation that inventory-service has forgotten', () => {
  /** The state of a backup taken before the order. */
  const restoreStock = () =>
    falsify(
      stocks,
      `DELETE FROM reservations; DELETE FROM reservation_lines; DELETE FROM stock_movements WHERE kind <> 'adjusted';
       UPDATE stock_levels SET on_hand = 100, reserved = 0`,
    );

  it('is asked for again, of a shipped order too, whose units then leave the stock', async () => {
    const [confirmed, shipped, delivered] = [await place(2), await place(3), await place(4)];
    await ship(shipped);
    await ship(delivered);
    await deliver(delivered);
    await exchange();
    await restoreStock();

    const first = await reconcile();
    expect(first).toMatchObject({ total: 3, repaired: 3, kinds: { 'reservation-missing': 3 } });
    expect(first.mismatches[0]).toMatchObject({ subject: confirmed, expected: 'held', found: 'none', repaired: true });
    expect(await exchange()).toEqual(Array(3).fill('reservation.requested'));
    expect(await levelOf(stocks.pool, 'MUG')).toMatchObject({ onHand: 100, reserved: 9 });
    expect(await reconcile()).toMatchObject({ total: 2, repaired: 2, kinds: { 'fulfilment-missing': 2 } });
    await exchange();
    expect(await levelOf(stocks.pool, 'MUG')).toMatchObject({ onHand: 93, reserved: 2 });
    expect(await reconcile()).toMatchObject({ total: 0 });
    const { body } = await get(service, `/orders/${confirmed}/timeline`, OPERATIONS);
    expect(body.items.at(-1)).toMatchObject({ type: 'queued', correlationId: body.items[0].correlationId });
    expect((await get(service, `/orders/${confirmed}`, OPERATIONS)).body).toMatchObject({ version: 2 });
  });

  it('is asked for although its fulfilment is awaited, and once while the question is unsent', async () => {
    const id = await place();
    await ship(id);
    await losingMessages();
    await restoreStock();
    await Promise.all([reconcile(), reconcile()]);
    expect(await reconcile()).toMatchObject({ total: 1, repaired: 0 });
    expect(await waitOf(id)).toBe('fulfilment');
    expect(await exchange()).toEqual(['reservation.requested']);
    expect(await stateOf(id)).toBe('held');
  });

  it('is left to a person when its stock is gone', async () => {
    const id = await place(60);
    await restoreStock();
    await place(50);
    await reconcile();
    await exchange();
    const run = await reconcile();
    expect(run).toMatchObject({ total: 1, repaired: 0, mismatches: [{ subject: id, found: 'rejected' }] });
    expect((await get(service, `/orders/${id}`, OPERATIONS)).body.status).toBe('confirmed');
    expect(await takeOut(orders.pool)).toEqual([]);
  });

  it('of an order that was cancelled meanwhile stays without stock', async () => {
    const id = await place();
    await restoreStock();
    await reconcile();
    await cancel(id);
    await exchange();
    expect(await stateOf(id)).toBe('released');
    expect(await levelOf(stocks.pool, 'MUG')).toMatchObject({ reserved: 0 });
    expect(await reconcile()).toMatchObject({ total: 0 });
  });
});

describe('what only a person can decide is reported and not changed', () => {
  it.each([
    ['a confirmed order whose stock was given back', 'confirmed', 'released', 'reservation-missing', 'held'],
    ['a confirmed order whose stock was refused', 'confirmed', 'rejected', 'reservation-missing', 'held'],
    ['a delivered order whose stock was given back', 'delivered', 'released', 'reservation-missing', 'fulfilled'],
    ['a confirmed order whose units are gone', 'confirmed', 'fulfilled', 'fulfilled-unshipped', 'held'],
    ['a cancelled order whose units are gone', 'cancelled', 'fulfilled', 'fulfilled-unshipped', 'released'],
    ['a rejected order whose units are gone', 'rejected', 'fulfilled', 'fulfilled-unshipped', 'rejected'],
  ] as const)('%s', async (_what, status, state, kind, expected) => {
    const history = await aConsistentHistory();
    const id = history[status];
    await falsify(
      stocks,
      `UPDATE reservations SET state = '${state}', shortages = ${state === 'rejected' ? `'[]'` : 'NULL'} WHERE id = '${id}'`,
    );
    const run = await reconcile();
    expect(run).toMatchObject({ total: 1, repaired: 0, mismatches: [{ kind, subject: id, expected, found: state }] });
    await gaugeShows(kind, 1);
    expect(await takeOut(orders.pool)).toEqual([]);
    expect((await get(service, path, OPERATIONS)).body).toMatchObject({ lastFinished: { id: run.id } });
  });

  it.each(['released', 'fulfilled'])('a pending order whose reservation is %s', async (state) => {
    const id = await place();
    await falsify(
      orders,
      `UPDATE orders SET status = 'pending', first_outcome = NULL, awaiting = 'reservation', ask_at = now()`,
    );
    await falsify(stocks, `UPDATE reservations SET state = '${state}'`);
    const kind = state === 'released' ? 'released-while-pending' : 'fulfilled-unshipped';
    expect((await reconcile()).mismatches).toMatchObject([{ kind, subject: id, found: state, repaired: false }]);
  });

  it.each(['held', 'fulfilled'])('a reservation that is %s, of an unknown order', async (state) => {
    await place();
    const id = uuidv7();
    await falsify(
      stocks,
      `INSERT INTO reservations (id, state, created_at, updated_at) VALUES ('${id}', '${state}', now() - interval '1 hour', now() - interval '1 hour')`,
    );
    const run = await reconcile();
    expect(run.mismatches).toMatchObject([
      { kind: 'order-unknown', subject: id, expected: 'none', found: state, because: 'There is no such order.' },
    ]);
    expect([run.repaired, await stateOf(id)]).toEqual([0, state]);
  });

  it('a release that is repeated and never answered', async () => {
    const id = await place();
    await cancel(id);
    await falsify(orders, 'UPDATE orders SET asks = 4');
    expect(await reconcile()).toMatchObject({ total: 0, checked: { underWay: 1 } }); // unsent: the broker is down
    await losingMessages();
    const run = await reconcile();
    expect(run).toMatchObject({ total: 1, repaired: 0, mismatches: [{ kind: 'release-missing', subject: id }] });
    expect(run.mismatches[0].proposal).toContain('dead letters');
    expect(await takeOut(orders.pool)).toEqual([]);
  });
});

describe('with wrong clocks', () => {
  it.each([
    ['ahead', '+'],
    ['behind', '-'],
  ])('finds what differs, with times that are a day %s', async (_what, sign) => {
    const id = await place();
    await cancel(id);
    await losingMessages();
    await forget();
    await falsify(orders, `UPDATE orders SET updated_at = updated_at ${sign} interval '1 day'`);
    await falsify(stocks, `UPDATE reservations SET updated_at = updated_at ${sign} interval '1 day'`);
    expect(await reconcile(another({ graceSeconds: 1 }))).toMatchObject({ total: 1, mismatches: [{ subject: id }] });
  });
});

describe('a difference is not a mismatch', () => {
  async function aLostRelease() {
    const id = await place();
    await cancel(id);
    await losingMessages();
    await forget();
    return id;
  }

  /** A process that runs `change` after its n-th query of the suspects, before the query of their reservations. */
  function lookingAgain(change: () => Promise<unknown>, { look = 1, graceSeconds = 0 } = {}): OrderService {
    let looks = 0;
    const query = async (...args: Parameters<Pool['query']>) => {
      const result = await orders.pool.query(...args);
      const { name = '' } = args[0] as { name?: string };
      if (name === 'reconciliation-look' && ++looks === look) await change();
      return result;
    };
    return another({ pool: Object.assign(Object.create(orders.pool), { query }) as Pool, graceSeconds });
  }

  it('if it is gone after the grace period', async () => {
    await aLostRelease();
    const arrives = () => falsify(stocks, `UPDATE reservations SET state = 'released'`);
    // After the second of the two queries of the comparison.
    const run = await reconcile(lookingAgain(arrives, { look: 2, graceSeconds: 1 }));
    expect(run).toMatchObject({ total: 0 });
  });

  it('if the order has changed within the grace period', async () => {
    const id = await aLostRelease();
    const changes = () => falsify(orders, 'UPDATE orders SET version = version + 1');
    const run = await reconcile(lookingAgain(changes, { look: 2, graceSeconds: 1 }));
    expect(run).toMatchObject({ total: 0, checked: { underWay: 1 } });
    expect((await reconcile()).mismatches).toMatchObject([{ subject: id }]);
  });

  it('when its order changes while it is looked at again', async () => {
    const id = await place();
    await falsify(stocks, `UPDATE reservations SET state = 'released'`);
    const run = await reconcile(lookingAgain(() => cancel(id)));
    expect(run).toMatchObject({ total: 0, checked: { underWay: 1 } });
  });

  it('if it is gone at the second look', async () => {
    await place();
    await falsify(stocks, `UPDATE reservations SET state = 'released'`);
    const run = await reconcile(lookingAgain(() => falsify(stocks, `UPDATE reservations SET state = 'held'`)));
    expect(run).toMatchObject({ total: 0 });
  });
});

it('compares page by page: every order and reservation once, and finds differences at the edges', async () => {
  const count = 2 * PAGE + 7;
  const ids = Array.from({ length: count }, () => uuidv7()).sort();
  await falsify(
    orders,
    `INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, version, idempotency_key, fingerprint, created_at, updated_at)
     SELECT id, 'c', 'c', 'EUR', 'confirmed', 'confirmed', 2, id::text, '', now() - interval '1 hour', now() - interval '1 hour'
     FROM unnest('{${ids.filter((_, n) => n !== PAGE).join()}}'::uuid[]) AS id;
     INSERT INTO order_lines (order_id, position, sku, quantity) SELECT id, 0, 'MUG', 1 FROM orders;
     INSERT INTO order_timeline (order_id, type, at, actor, correlation_id)
     SELECT id, 'placed', created_at, 'c', 'r' FROM orders`,
  );
  await falsify(
    stocks,
    `INSERT INTO reservations (id, state, created_at, updated_at)
     SELECT id, 'held', now() - interval '1 hour', now() - interval '1 hour'
     FROM unnest('{${ids.filter((_, n) => n !== 0 && n !== PAGE - 1 && n !== count - 1).join()}}'::uuid[]) AS id`,
  );
  const run = await reconcile();
  expect(run.checked).toEqual({ orders: count - 1, reservations: count - 3, underWay: 0 });
  expect(run.mismatches.map(({ subject, kind }: { subject: string; kind: string }) => [subject, kind])).toEqual([
    [ids[0], 'reservation-missing'],
    [ids[PAGE - 1], 'reservation-missing'],
    [ids[PAGE], 'order-unknown'],
    [ids[count - 1], 'reservation-missing'],
  ]);
});

it('reports a failure if inventory-service is unavailable, and keeps the last good result', async () => {
  const id = await place();
  await falsify(stocks, 'DELETE FROM reservations');
  const good = await reconcile();
  const alone = another({ inventoryUrl: 'http://127.0.0.1:9' });
  expect(await reconcile(alone)).toMatchObject({ status: 'failed', error: 'inventory-service did not answer.' });
  expect((await get(service, path, OPERATIONS)).body).toMatchObject({
    lastRun: { status: 'failed' },
    lastFinished: { id: good.id, total: 1 },
    mismatches: [{ subject: id }],
  });
  await gaugeShows('reservation-missing', 1);
});

it('continues if inventory-service is back within the time of a restart', async () => {
  const id = await place();
  await falsify(stocks, 'DELETE FROM reservations');
  // More refusals than during a short interruption.
  let refusals = 6;
  const restarting = createServer((req, res) => {
    if (refusals === 0) return inventory.http(req, res);
    refusals -= 1;
    req.socket.destroy();
  });
  await new Promise<void>((resolve) => restarting.listen(0, '127.0.0.1', resolve));
  atEnd(() => closeServer(restarting));
  const one = another({ inventoryUrl: `http://127.0.0.1:${(restarting.address() as AddressInfo).port}` });
  expect(await reconcile(one)).toMatchObject({ status: 'finished', total: 1, mismatches: [{ subject: id }] });
  expect(refusals).toBe(0);
});

describe('a scheduled run', () => {
  const DAY_MS = 86_400_000;
  const old = () => uuidv7({ msecs: Date.now() - 2 * DAY_MS });

  /** Orders of the day before yesterday, each with the correct reservation. */
  async function aPast(count: number, status: string, state: string): Promise<string[]> {
    const ids = Array.from({ length: count }, old);
    const [carrier, outcome] = status === 'delivered' ? ["'post'", 'confirmed'] : ['NULL', status];
    await falsify(
      orders,
      `WITH placed AS (
         INSERT INTO orders (id, client_id, customer_id, currency, status, first_outcome, version, carrier, tracking_number,
                             idempotency_key, fingerprint, created_at, updated_at)
         SELECT id, 'c', 'c', 'EUR', '${status}', '${outcome}', 2, ${carrier}, ${carrier}, id::text, '', now(), now()
         FROM unnest('{${ids.join()}}'::uuid[]) AS id RETURNING id
       ), detailed AS (
         INSERT INTO order_lines (order_id, position, sku, quantity) SELECT id, 0, 'MUG', 1 FROM placed
       )
       INSERT INTO order_timeline (order_id, type, at, actor, correlation_id) SELECT id, 'placed', now(), 'c', 'r' FROM placed`,
    );
    await falsify(
      stocks,
      `INSERT INTO reservations (id, state) SELECT id, '${state}' FROM unnest('{${ids.join()}}'::uuid[]) AS id`,
    );
    return ids;
  }
  const later = (interval: string) =>
    falsify(
      orders,
      `UPDATE reconciliation_runs SET started_at = started_at - interval '${interval}', finished_at = finished_at - interval '${interval}'`,
    );
  /** The run that is scheduled after this interval. */
  async function runAfter(interval: string) {
    await later(interval);
    await service.reconciler.tick();
    const id = (await get(service, path, OPERATIONS)).body.lastRun.id as string;
    await service.reconciler.ended(id, 60_000);
    const { lastRun, mismatches } = (await get(service, path, OPERATIONS)).body;
    expect(lastRun).toMatchObject({ id, status: 'finished' });
    return { ...lastRun, mismatches };
  }

  it.each([3, 700])('reads what is new and open, and none of %d orders that are closed and agree', async (closed) => {
    await aPast(closed, 'delivered', 'fulfilled');
    await aPast(2, 'confirmed', 'held');
    expect(await reconcile()).toMatchObject({ full: true, checked: { orders: closed + 2, reservations: closed + 2 } });
    expect(await runAfter('11 minutes')).toMatchObject({
      full: false,
      total: 0,
      checked: { orders: 2, reservations: 2, underWay: 0 },
    });
    await place();
    expect(await runAfter('11 minutes')).toMatchObject({
      full: false,
      total: 0,
      checked: { orders: 3, reservations: 3 },
    });
  });

  it('looks at an open order until it is closed', async () => {
    const [id = ''] = await aPast(1, 'confirmed', 'held');
    await reconcile();
    expect((await runAfter('11 minutes')).checked).toMatchObject({ orders: 1 });
    await falsify(stocks, `UPDATE reservations SET state = 'released'`);
    expect((await runAfter('11 minutes')).mismatches).toMatchObject([{ subject: id, kind: 'reservation-missing' }]);
    await falsify(orders, `UPDATE orders SET status = 'cancelled', version = version + 1`);
    expect(await runAfter('11 minutes')).toMatchObject({ total: 0, checked: { orders: 1 } });
    expect((await runAfter('11 minutes')).checked).toMatchObject({ orders: 0 });
  });

  it('passes over a mismatch behind the horizon, which a full run finds, and every run from then on', async () => {
    const [id = ''] = await aPast(5, 'delivered', 'fulfilled');
    await reconcile();
    await falsify(stocks, `UPDATE reservations SET state = 'released' WHERE id = '${id}'`);
    expect(await runAfter('11 minutes')).toMatchObject({ full: false, total: 0 });
    expect(await runAfter('25 hours')).toMatchObject({ full: true, total: 1, mismatches: [{ subject: id }] });
    expect(await runAfter('11 minutes')).toMatchObject({ full: false, total: 1, mismatches: [{ subject: id }] });
    await falsify(stocks, `UPDATE reservations SET state = 'fulfilled' WHERE id = '${id}'`);
    expect(await runAfter('11 minutes')).toMatchObject({ full: false, total: 0 });
  });

  it('finds a mismatch behind the horizon when a run is requested', async () => {
    const [id = ''] = await aPast(5, 'delivered', 'fulfilled');
    await reconcile();
    await falsify(stocks, `UPDATE reservations SET state = 'released' WHERE id = '${id}'`);
    expect(await reconcile()).toMatchObject({ full: true, total: 1, mismatches: [{ subject: id }] });
  });
});
