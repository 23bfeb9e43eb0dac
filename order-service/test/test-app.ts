import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createRequestShare } from '@shop/chassis/base/db/request-share.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { subject } from '@shop/chassis/contract/subject.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { createReconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import type { Findings } from '@shop/chassis/operations/reconciliation/run.ts';
import { storeLetter } from '@shop/chassis/reliable/dead-letters/dead-letters.sql.ts';
import { readLetter } from '@shop/chassis/reliable/dead-letters/read-letter.ts';
import { createFeed } from '@shop/chassis/reliable/feed/feed.ts';
import { fingerprintOf } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import { startReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { createLifecycle } from '@shop/chassis/service/lifecycle.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { nobody } from '@shop/chassis/testing/token-issuer.ts';
import request from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { buildApp } from '../src/app.ts';
import { withOrderMetrics } from '../src/metrics.ts';
import { orderChanges } from '../src/orders/order-changes.sql.ts';
import { placeOrderBody } from '../src/orders/order-input.ts';
import { placeOrder } from '../src/orders/order-operations.ts';
import type { Placement } from '../src/orders/placement-batch.ts';
import { type PlacingLimits, placingLimits } from '../src/orders/placing-limits.ts';
import { reservationRepliesQueue } from '../src/queues.ts';
import { compareReservations } from '../src/reconciliation/compare-reservations.ts';
import { mismatchKinds } from '../src/reconciliation/judge.ts';
import { createReservationPages } from '../src/reconciliation/reservation-pages.ts';
import { createInventoryTargets } from '../src/reservations/inventory-targets.ts';
import { createReservationClient } from '../src/reservations/reservation-client.ts';

export const GATEWAY_TOKEN = 'g'.repeat(32);
export const KEYLESS_TOKEN = 'k'.repeat(32);
export const INTERNAL_TOKEN = 'i'.repeat(32);
export const ACCOUNT_TOKEN = 'a'.repeat(32);
const log = createLogger('order-service', process.env.TEST_LOG_LEVEL ?? 'silent');

/** How long a service in a test waits. What is left out is as in the service. */
export interface TestLimits extends PlacingLimits {
  /** For inventory. */
  reservationTimeoutMs: number;
  /** For a connection of the requests' share. */
  maxRequestWaitMs: number;
  /** For a turn of the event loop. */
  longestTurnMs?: number;
  /** For a row. */
  lockMs?: number;
  /** Of streams. */
  streams?: typeof LOAD_LIMITS.streams;
}
/** For tests that are about these limits. */
export const AS_IN_SERVICE: TestLimits = {
  ...placingLimits,
  reservationTimeoutMs: 1_500,
  maxRequestWaitMs: LOAD_LIMITS.databaseLine.maxWaitMs,
};
/** For all others: on a busy machine the limits of the service say nothing of the code. These are for what hangs. */
const PATIENT: TestLimits = {
  answerWithinMs: 60_000,
  maxExpectedWaitMs: 60_000,
  reservationTimeoutMs: 30_000,
  maxRequestWaitMs: 60_000,
  longestTurnMs: 60_000,
  lockMs: 60_000,
};

/** An order-service in this process, as one of possibly several on the same database. */
export function startOrderService(
  database: TestDatabase,
  inventoryUrl: string,
  limits: TestLimits = PATIENT,
  graceSeconds = 0,
  people: People = nobody,
) {
  const { reservationTimeoutMs, maxRequestWaitMs, longestTurnMs } = limits;
  const metrics = withOrderMetrics(createMetrics('order-service', 'test'));
  const replays = startReplayCounter(database.pool, log);
  const inventory = createInventoryTargets({
    urls: [inventoryUrl],
    internalToken: INTERNAL_TOKEN,
    timeoutMs: reservationTimeoutMs,
    metrics,
    log,
  });
  const reservations = createReservationClient({ inventory, metrics, log });
  const now = () => new Date();
  const pages = createReservationPages({ inventory });
  const compare = (findings: Findings) =>
    compareReservations({ pool: database.pool, reservations: pages, graceSeconds, now, wakeRelay: () => {} }, findings);
  const reconciler = createReconciler({
    pool: database.pool,
    metrics,
    log,
    intervalSeconds: 600,
    kinds: mismatchKinds,
    subjectName: 'orderId',
    compare,
  });
  // Without its loop, which would add statements to those that tests count: `changes.round` is one of its rounds.
  const changes = createFeed(orderChanges, { pool: database.pool, requestPool: database.pool, metrics });
  const lifecycle = createLifecycle();
  lifecycle.enter('ready');
  const app = buildApp({
    pool: database.pool,
    requestPool: createRequestShare({
      pool: database.pool,
      connections: 5,
      ...LOAD_LIMITS.databaseLine,
      maxWaitMs: maxRequestWaitMs,
    }),
    broker: { isConnected: () => true, differences: () => [] },
    lifecycle,
    metrics,
    log,
    version: 'test',
    gatewayTokens: { keyed: [GATEWAY_TOKEN], keyless: [KEYLESS_TOKEN] },
    people,
    keyRetentionHours: 72,
    callers: { 'account-service': [ACCOUNT_TOKEN] },
    reservations,
    reservationTimeoutMs,
    limits,
    longestTurnMs,
    replays,
    reconciler,
    changes,
    streamLimits: limits.streams,
    now,
    wakeRelay: () => {},
  });
  return {
    ...app,
    metrics,
    replays,
    reconciler,
    changes,
    lifecycle,
    /** A comparison without a run, for what two processes may do that know nothing of each other. */
    compare,
    async stop() {
      await reconciler.stop();
      await app.drain();
      await replays.stop();
      await inventory.close();
    },
  };
}
export type OrderService = ReturnType<typeof startOrderService>;

/** A database of order-service's own. */
export function createOrderDatabase(lockMs?: number): Promise<TestDatabase> {
  return createTestDatabase('order-service', join(__dirname, '../migrations'), lockMs);
}

/** What the gateway adds to a request of this consumer. */
export function asClient(clientId: string, groups: string): Record<string, string> {
  return { 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-custom-id': clientId, 'x-consumer-groups': groups };
}
export const STOREFRONT = asClient('storefront-1', 'storefront');
export const OTHER_STOREFRONT = asClient('storefront-2', 'storefront');
export const BACKOFFICE = asClient('backoffice-1', 'backoffice');
export const OPERATIONS = asClient('operations-1', 'operations');

/** A valid order; a test says only what matters to it. */
export function anOrder(more: object = {}) {
  return { customerId: 'c-1', currency: 'EUR', lines: [{ sku: 'MUG', quantity: 1, unitPrice: 900 }], ...more };
}

/** A request as it joins a batch. */
export function aPlacement(key: string): Placement {
  const now = new Date();
  return {
    order: {
      ...anOrder(),
      id: uuidv7(),
      number: '',
      clientId: 'storefront-1',
      status: 'pending',
      awaiting: 'reservation',
      createdAt: now,
      updatedAt: now,
      version: 1,
    },
    clientId: 'storefront-1',
    key,
    fingerprint: fingerprintOf(placeOrder, placeOrderBody.parse(anOrder())),
    correlationId: 'c'.repeat(32),
    traceparent: '',
    deadline: performance.now() + 60_000,
    onBegun: () => {},
    onJudged: () => {},
  };
}

export function post(service: OrderService, path: string, body: object | undefined, key = uuidv7(), as = STOREFRONT) {
  return request(service.http).post(path).set(as).set('Idempotency-Key', key).send(body);
}

export function get(service: OrderService, path: string, as = STOREFRONT) {
  return request(service.http).get(path).set(as);
}

export interface Peer {
  url: string;
  /** What inventory answers for a reservation; undefined leaves the whole call without an answer, until it times out. */
  decide: (id: string) => Promise<object | undefined> | object | undefined;
  /** Reservations that were asked for, in order. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * The other side of POST /reservations, which fails as a test says. (The real one is in the end-to-end tests; nobody
 * can make it lose its answer at a chosen instant.)
 */
export async function startPeer(): Promise<Peer> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (req.url === '/reservations/lookup') {
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ items: [] }));
      return;
    }
    const { reservations } = JSON.parse(Buffer.concat(chunks).toString()) as { reservations: { id: string }[] };
    const results: object[] = [];
    for (const { id } of reservations) {
      peer.asked.push(id);
      const decision = await peer.decide(id);
      if (!decision) return;
      results.push({ id, ...decision });
    }
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ results }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const peer: Peer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    decide: held,
    asked: [],
    close: () => closeServer(server),
  };
  return peer;
}
export const held = () => ({ state: 'held' });
export const silence = () => undefined;
/** Leaves an order pending at once. */
export const undecided = () => ({ state: 'undecided' });
export const shortage = { sku: 'MUG', requested: 1, available: 0, reason: 'insufficient-stock' };
export const refused = () => ({ state: 'rejected', shortages: [shortage] });

/** Everything that a test of this service needs, emptied between tests with `reset`. */
export async function createTestSystem(limits = PATIENT) {
  const database = await createOrderDatabase(limits.lockMs);
  const peer = await startPeer();
  let running: OrderService[] = [];
  function another(overrides: Partial<TestDatabase> = {}, others: Partial<TestLimits> = {}): OrderService {
    const service = startOrderService({ ...database, ...overrides }, peer.url, { ...limits, ...others });
    running.push(service);
    return service;
  }
  async function stopServices(): Promise<void> {
    for (const service of running) await service.stop();
    running = [];
  }
  const system = {
    database,
    peer,
    service: another(),
    /** One more process's worth of order-service on the same database; breaker, batches and twins are its own. */
    another,
    async reset() {
      await stopServices();
      peer.decide = held;
      peer.asked = [];
      await database.truncate();
      system.service = another();
    },
    async stop() {
      await stopServices();
      await peer.close();
      await database.drop();
    },
  };
  return system;
}
export type TestSystem = Awaited<ReturnType<typeof createTestSystem>>;

/** Rows as they are, behind the service's back. */
export async function rows<T extends object>(system: TestSystem, sql: string, values: unknown[] = []): Promise<T[]> {
  return (await system.database.pool.query<T>(sql, values)).rows;
}

/** A reply to this order that was set aside; the id of its dead letter. */
export async function aDeadReply(system: TestSystem, orderId: string): Promise<string> {
  const queue = reservationRepliesQueue.name;
  const delivery = {
    content: Buffer.from(JSON.stringify({ type: 'reservation.held', payload: { reservationId: orderId } })),
    fields: { consumerTag: 'c', deliveryTag: 1, redelivered: false, exchange: '', routingKey: queue },
    properties: { messageId: uuidv7(), headers: { 'x-reason': 'attempts-exhausted' } },
  } as unknown as Parameters<typeof readLetter>[1];
  const letter = readLetter(queue, delivery, new Date(), subject);
  const stored = await inTransaction(system.database.pool, (trx) => storeLetter(trx, letter));
  if (stored !== 'new') throw new Error(`the dead letter was ${stored}`);
  return letter.id;
}
