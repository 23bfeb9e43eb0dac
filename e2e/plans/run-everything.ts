/**
 * Makes the services execute all of their statements on filled databases: by requests, and by calling the functions of
 * background loops. The test compares the executed statements with the sources, to find missing ones.
 */
import { createHash } from 'node:crypto';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { tryWrite } from '@shop/chassis/base/db/writability.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { readDigests, readStates } from '@shop/chassis/operations/reconciliation/digests.ts';
import { failRun, findRunning, renewLease } from '@shop/chassis/operations/reconciliation/runs.sql.ts';
import {
  countOpen,
  countOpenOfGroup,
  listDeadLetters,
  storeLetter,
} from '@shop/chassis/reliable/dead-letters/dead-letters.sql.ts';
import type { ArrivedLetter } from '@shop/chassis/reliable/dead-letters/read-letter.ts';
import { readChanges, removeOldChanges } from '@shop/chassis/reliable/feed/feed.sql.ts';
import {
  acceptLease,
  claimLease,
  lockKey,
  releaseLeases,
  removeExpiredKeys,
  replaceAccepted,
  takeOver,
} from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { removeOldInboxRows } from '@shop/chassis/reliable/inbox/inbox.ts';
import { type Handle, handleBatch, type IncomingMessage } from '@shop/chassis/reliable/messaging/handle-batch.ts';
import type { MessageDefinition } from '@shop/chassis/reliable/messaging/message-definition.ts';
import type { PublishOutcome } from '@shop/chassis/reliable/messaging/publish.ts';
import { outboxStats, startRelay } from '@shop/chassis/reliable/outbox/relay.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import { lockProducts } from '@shop/inventory-service/products/products.sql.ts';
import { keepSums, sumLaterMovements } from '@shop/inventory-service/reconciliation/sums.sql.ts';
import { reservationCommandHandler } from '@shop/inventory-service/reservations/reservations.messages.ts';
import { findLockedLevels } from '@shop/inventory-service/stock/stock.sql.ts';
import { askAgain, askSoon, pendingOrders } from '@shop/order-service/orders/completer.ts';
import { type OrderStatus, orderStatuses } from '@shop/order-service/orders/order.ts';
import { orderChanges } from '@shop/order-service/orders/order-changes.sql.ts';
import { reservationReplyHandler } from '@shop/order-service/orders/orders.messages.ts';
import { listOrders } from '@shop/order-service/orders/orders.sql.ts';
import {
  BEFORE_ALL,
  horizonAt,
  keepOpen,
  openBehind,
  readHorizon,
  removeClosed,
  saveHorizon,
} from '@shop/order-service/reconciliation/horizon.sql.ts';
import { lookAtOrders } from '@shop/order-service/reconciliation/reconciliation.sql.ts';
import { requestAgain, sendAgain } from '@shop/order-service/reconciliation/send-again.ts';
import {
  findShopperOrders,
  listShopperOrders,
  shopperOrderStates,
} from '@shop/order-service/shopper-orders/shopper-orders.sql.ts';
import { v7 as uuidv7 } from 'uuid';
import * as stockSide from '../../inventory-service/test/test-app.ts';
import * as orderSide from '../../order-service/test/test-app.ts';

export interface FilledSystem {
  orders: orderSide.OrderService;
  /** An order-service that cannot reach inventory-service. */
  alone: orderSide.OrderService;
  inventory: stockSide.InventoryService;
  orderPool: Pool;
  stockPool: Pool;
  /** Make all messages in the outbox due. */
  makeDue(side: 'orders' | 'inventory'): Promise<void>;
  /** Delete the row of this key, as after its retention. */
  forgetKey(side: 'orders' | 'inventory', key: string): Promise<void>;
}

const CLIENT = 'storefront-1';
const SHOPPER = orderSide.asClient(CLIENT, 'storefront');
const ANY_SKU = 'SKU-0001';
const now = () => new Date();
const log = createLogger('plans', 'silent');
const silentHandler = { now, wakeRelay: () => {} };

/** Execute all statements of both services. */
export async function runEverything(system: FilledSystem): Promise<void> {
  await place(system);
  await readOrders(system);
  await changeOrders(system);
  await decideOrders(system);
  await reconcileOrders(system);
  await followOrders(system);
  await runStock(system);
  await reserve(system);
  const { orders, inventory, orderPool, stockPool } = system;
  const operate = orderSide.OPERATIONS;
  for (const [side, pool, base, http] of [
    ['orders', orderPool, '/operations/orders', orders],
    ['inventory', stockPool, '/operations/inventory', inventory],
  ] as const) {
    await handleDeadLetters(pool, {
      get: (path) => orderSide.get(http as orderSide.OrderService, base + path, operate).expect(200),
      post(path, body, status) {
        const key = uuidv7();
        const ask = () => orderSide.post(http as orderSide.OrderService, base + path, body, key, operate);
        // A long reconciliation is answered with 202 first; a repeat gets the result.
        return eventually(() => ask().expect(status));
      },
    });
    await inBackground(pool, () => system.makeDue(side));
  }
}

/* ------------------------------------------------------------------------------------------------------ order-service */

const order = (lines = [{ sku: ANY_SKU, quantity: 1 }]) => orderSide.anOrder({ lines });

async function idsOf(pool: Pool, status: OrderStatus, count: number): Promise<string[]> {
  const { orders } = await listOrders(pool, { status }, count);
  return orders.map(({ id }) => id);
}

async function place({ orders, alone, orderPool, forgetKey }: FilledSystem): Promise<void> {
  const key = uuidv7();
  const once = () => orderSide.post(orders, '/orders', order(), key, SHOPPER);
  await once().expect(201);
  await once().expect(201);
  await forgetKey('orders', key);
  await once().expect(201);
  const queued = uuidv7();
  await orderSide.post(alone, '/orders', order(), queued, SHOPPER).expect(202);
  await orderSide.post(alone, '/orders', order(), queued, SHOPPER).expect(202);
  await lease(orderPool);
}

/** The statements of a write that is not batched; see under-lease.ts. */
async function lease(pool: Pool): Promise<void> {
  const lease = { clientId: CLIENT, key: uuidv7(), resourceId: uuidv7(), token: 1 };
  const fingerprint = { bytes: Buffer.of(), matches: () => true };
  await claimLease(pool, { ...lease, fingerprint }, { ...lease, answeredInMs: 2_000 });
  await releaseLeases(pool, [lease]);
  await takeOver(pool, [{ ...lease, answeredInMs: 2_000 }]);
  await acceptLease(pool, { ...lease, token: 2 });
  await inTransaction(pool, (trx) => lockKey(trx, lease));
}

/** Each combination of filters is a different statement. */
async function readOrders({ orders, orderPool }: FilledSystem): Promise<void> {
  const [id = ''] = await idsOf(orderPool, 'delivered', 1);
  await orderSide.get(orders, `/orders/${id}`, orderSide.BACKOFFICE).expect(200);
  await orderSide.get(orders, `/orders/${id}/timeline`, orderSide.BACKOFFICE).expect(200);
  await orderSide.get(orders, `/operations/orders/waits/${id}`, orderSide.OPERATIONS).expect(200);
  await findShopperOrders(orderPool, [id]);
  await listShopperOrders(orderPool, { limit: 100 });
  await readDigests(orderPool, shopperOrderStates);
  await readStates(orderPool, shopperOrderStates, { buckets: [7] });
  for (const status of [undefined, ...orderStatuses]) {
    for (let bits = 0; bits < 32; bits += 1) {
      await listOrders(
        orderPool,
        {
          status,
          clientId: bits & 1 ? CLIENT : undefined,
          customerId: bits & 2 ? 'customer-1' : undefined,
          number: bits & 4 ? '1' : undefined,
          before: bits & 8 ? id : undefined,
          sku: bits & 16 ? ANY_SKU : undefined,
        },
        50,
      );
    }
  }
}

async function changeOrders({ orders, orderPool }: FilledSystem): Promise<void> {
  const [first, second] = await idsOf(orderPool, 'confirmed', 2);
  const step = (id: string | undefined, name: string, body: object, key = uuidv7()) =>
    orderSide.post(orders, `/orders/${id}/${name}`, body, key, orderSide.BACKOFFICE).expect(200);
  const key = uuidv7();
  await step(first, 'shipment', { carrier: 'DHL', trackingNumber: '1' }, key);
  await step(first, 'shipment', { carrier: 'DHL', trackingNumber: '1' }, key);
  await step(first, 'delivery', {});
  await step(second, 'cancellation', {});
}

async function decideOrders({ orders, orderPool }: FilledSystem): Promise<void> {
  await pendingOrders(orderPool);
  await askAgain(orderPool, now());
  await askSoon(orderPool);
  const [pending = ''] = await idsOf(orderPool, 'pending', 1);
  const [shipped = ''] = await idsOf(orderPool, 'shipped', 1);
  const replies = [
    message('reservation.held', { reservationId: pending }),
    message('reservation.fulfilled', { reservationId: shipped }),
    message('reservation.held', { reservationId: uuidv7() }),
  ];
  await handle(orderPool, reservationReplyHandler({ ...silentHandler, metrics: orders.metrics }), replies);
}

async function reconcileOrders({ orders, orderPool }: FilledSystem): Promise<void> {
  const [delivered = ''] = await idsOf(orderPool, 'delivered', 1);
  await lookAtOrders(orderPool, [delivered]);
  await sendAgain(orderPool, [delivered], now());
  await requestAgain(orderPool, [delivered], now());
  await orders.reconciler.tick();
  await keepOpen(orderPool, [delivered]);
  await readHorizon(orderPool);
  await openBehind(orderPool, { horizon: horizonAt(now()), after: BEFORE_ALL, limit: 2 });
  await removeClosed(orderPool, [delivered]);
  await inTransaction(orderPool, (trx) => saveHorizon(trx, horizonAt(now()), now()));
}

/** All changes until now get a position; a follower that comes again reads them, and one is removed. */
async function followOrders({ orders: { changes }, orderPool }: FilledSystem): Promise<void> {
  const stopping = new AbortController();
  await changes.round(stopping.signal);
  let first = '';
  const follower = { deliver: () => {}, reset: () => {}, drained: async () => {}, gone: stopping.signal };
  await changes.follow(undefined, follower, ({ epoch }) => {
    first = epoch;
  });
  await changes.follow({ epoch: first, number: 0 }, follower, () => {});
  stopping.abort();
  await readChanges(orderPool, orderChanges, 0, 1);
  await removeOldChanges(orderPool, orderChanges, 1);
}

/* -------------------------------------------------------------------------------------------------- inventory-service */

async function runStock({ inventory, stockPool, forgetKey }: FilledSystem): Promise<void> {
  const page = await sumLaterMovements(stockPool, '');
  await inTransaction(stockPool, (trx) => keepSums(trx, page, true));
  const { get, post, patch } = stockSide;
  await post(inventory, '/products', { sku: 'PLAN', name: 'Plan' }).expect(201);
  await patch(inventory, '/products/PLAN', { name: 'Plan B' }, {}).expect(200);
  const key = uuidv7();
  const adjust = () => post(inventory, '/products/PLAN/adjustments', { delta: 5, reason: 'delivery' }, { key });
  await adjust().expect(200);
  await forgetKey('inventory', key);
  await adjust().expect(200);
  await post(inventory, '/products/PLAN/counts', { counted: 4, expected: 5 }).expect(200);
  const adjustments = ['PLAN', 'NO-PLAN'].map((sku) => ({ key: uuidv7(), sku, delta: 1, reason: 'delivery' }));
  for (let call = 0; call < 2; call += 1) await post(inventory, '/products/adjustments', { adjustments }).expect(200);
  await inTransaction(stockPool, (trx) => lockProducts(trx, [ANY_SKU], 'awaited'));
  await get(inventory, '/products/PLAN').expect(200);
  await get(inventory, `/products?sku=${ANY_SKU}`).expect(200);
  for (const path of [
    '/products?limit=2',
    '/products?limit=2&sort=available',
    `/products/${ANY_SKU}/movements?limit=2`,
  ]) {
    const { body } = await get(inventory, path).expect(200);
    await get(inventory, `${path}&cursor=${body.nextCursor}`).expect(200);
  }
}

async function reserve({ inventory, stockPool }: FilledSystem): Promise<void> {
  const one = stockSide.aReservation({ sku: ANY_SKU, quantity: 1 });
  const two = stockSide.aReservation({ sku: ANY_SKU, quantity: 1 });
  await stockSide.reserve(inventory, [one, two]).expect(200);
  await stockSide.reserve(inventory, [one]).expect(200);
  await stockSide.reserve(inventory, [stockSide.aReservation({ sku: 'PLAN', quantity: 6 })]).expect(200);
  const commands = [
    message('reservation.release', { reservationId: one.id }),
    message('reservation.fulfil', { reservationId: two.id }),
  ];
  await handle(stockPool, reservationCommandHandler({ ...silentHandler, metrics: inventory.metrics }), commands);
  await findLockedLevels(stockPool, [ANY_SKU]);
  const get = (path: string) => stockSide.get(inventory, path, stockSide.ORDER_SERVICE).expect(200);
  await get(`/reservations/${one.id}`);
  for (const lines of ['true', 'false']) {
    const { body } = await get(`/reservations?limit=2&lines=${lines}`);
    await get(`/reservations?limit=2&lines=${lines}&cursor=${body.nextCursor}`);
    const held = await get(`/reservations?limit=1&lines=${lines}&state=held`);
    if (held.body.nextCursor)
      await get(`/reservations?limit=1&lines=${lines}&state=held&cursor=${held.body.nextCursor}`);
    await stockSide
      .post(
        inventory,
        '/reservations/lookup',
        { ids: [one.id], lines: lines === 'true' },
        { as: stockSide.ORDER_SERVICE },
      )
      .expect(200);
  }
}

/* ----------------------------------------------------------------------------------------------------- of both of them */

interface Received {
  type: string;
  payload: object;
}

function message(type: string, payload: object): Received {
  return { type, payload };
}

async function handle<D extends MessageDefinition>(pool: Pool, handler: Handle<D>, received: readonly Received[]) {
  const messages = received.map(({ type, payload }) => {
    const envelope = {
      id: uuidv7(),
      type,
      version: 1,
      occurredAt: now().toISOString(),
      correlationId: 'plans',
      payload,
    };
    return { message: envelope, headers: {}, traceparent: undefined } as unknown as IncomingMessage<D>;
  });
  await handleBatch({ queue: 'plans', pool, handle: handler, isOutage: async () => true }, messages);
}

interface Operations {
  get(path: string): PromiseLike<{ body: { items: { id: string }[]; nextCursor?: string } }>;
  post(path: string, body: object, status: number): PromiseLike<unknown>;
}

async function handleDeadLetters(pool: Pool, operations: Operations): Promise<void> {
  const store = (letter: ArrivedLetter) => inTransaction(pool, (trx) => storeLetter(trx, letter));
  const letters = Array.from({ length: 4 }, () => letter());
  for (const one of letters) await store(one);
  const [replayed, discarded] = letters as [ArrivedLetter, ArrivedLetter];
  await store({ ...replayed, redelivered: true, deliveries: 2 });
  await operations.get(`/dead-letters/${replayed.id}`);
  await operations.get('/dead-letters/groups');
  await operations.post(`/dead-letters/${replayed.id}/replay`, {}, 200);
  await store({ ...replayed, replayOf: { id: replayed.id, replay: 1 } });
  await store({ ...replayed, replayOf: { id: replayed.id, replay: 1 } });
  await operations.post(`/dead-letters/${discarded.id}/discard`, { reason: 'plans' }, 200);
  await store(discarded);
  const group = `${replayed.queue}:${replayed.type}:${replayed.reason}`;
  for (let bits = 0; bits < 16; bits += 1) {
    await listDeadLetters(
      pool,
      {
        status: bits & 1 ? 'open' : undefined,
        group: bits & 2 ? group : undefined,
        before: bits & 4 ? uuidv7() : undefined,
        subjectId: bits & 8 ? replayed.subjectId : undefined,
      },
      50,
    );
  }
  await countOpen(pool, replayed.queue);
  await countOpenOfGroup(pool, group);
  await operations.post('/dead-letters/replays', { group }, 202);
  await operations.get('/reconciliation');
  await operations.post('/reconciliation', {}, 200);
}

function letter(): ArrivedLetter {
  const body = JSON.stringify({ id: uuidv7() });
  return {
    id: uuidv7(),
    queue: 'plans',
    type: 'reservation.held',
    reason: 'plans',
    attempts: 1,
    history: [],
    messageId: uuidv7(),
    unnamed: false,
    redelivered: false,
    deliveries: 1,
    replayOf: undefined,
    subjectId: uuidv7(),
    routingKey: 'reservation.held.v1',
    headers: {},
    traceparent: undefined,
    body,
    bodyDigest: createHash('sha256').update(body).digest(),
  };
}

async function inBackground(pool: Pool, makeDue: () => Promise<void>): Promise<void> {
  for (const outcome of ['failed', 'returned', 'confirmed'] as const) {
    await makeDue();
    await relayOnce(pool, outcome);
  }
  await outboxStats(pool);
  await pool.takesWrites();
  await tryWrite(pool);
  await removeExpiredKeys(pool, 72);
  await removeOldInboxRows(pool);
  await replaceAccepted(pool, { clientId: CLIENT, key: 'none' }, { status: 200, body: '' });
  await findRunning(pool);
  await renewLease(pool, uuidv7());
  await failRun(pool, uuidv7(), 'none', { checked: {}, repaired: 0 });
}

/** Run the relay with a broker that returns this outcome for all messages, until it was called once. */
async function relayOnce(pool: Pool, outcome: PublishOutcome): Promise<void> {
  let published = 0;
  const broker = {
    isConnected: () => true,
    isUsable: () => true,
    onUsable: () => {},
    publish: async (messages: readonly unknown[]) => {
      published += 1;
      return messages.map(() => outcome);
    },
  } as unknown as Parameters<typeof startRelay>[0]['broker'];
  const relay = startRelay({ pool, broker, metrics: createMetrics('plans', 'test'), now, log });
  relay.wake();
  await eventually(() => published > 0 || undefined);
  await relay.stop();
}
