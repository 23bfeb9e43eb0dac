import { join } from 'node:path';
import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { createRequestShare } from '@shop/chassis/base/db/request-share.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { LOAD_LIMITS } from '@shop/chassis/edge/load-shedding/limits.ts';
import type { People } from '@shop/chassis/edge/people/people.ts';
import { createReconciler } from '@shop/chassis/operations/reconciliation/reconciler.ts';
import { startReplayCounter } from '@shop/chassis/reliable/idempotency/replay-counter.ts';
import type { Broker } from '@shop/chassis/reliable/messaging/connection.ts';
import { createLifecycle } from '@shop/chassis/service/lifecycle.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { createTestDatabase, type TestDatabase } from '@shop/chassis/testing/database.ts';
import { nobody } from '@shop/chassis/testing/token-issuer.ts';
import request from 'supertest';
import { v7 as uuidv7 } from 'uuid';
import { buildApp } from '../src/app.ts';
import { withInventoryMetrics } from '../src/metrics.ts';
import { compareSums, mismatchKinds } from '../src/reconciliation/compare-sums.ts';
import type { Line } from '../src/reservations/reservation.ts';

const GATEWAY_TOKEN = 'g'.repeat(32);
const KEYLESS_TOKEN = 'k'.repeat(32);
const INTERNAL_TOKEN = 'i'.repeat(32);
const log = createLogger('inventory-service', process.env.TEST_LOG_LEVEL ?? 'silent');

const migrationsDirectory = join(__dirname, '../migrations');

/** A database of inventory-service's own. */
export function createInventoryDatabase(lockMs?: number): Promise<TestDatabase> {
  return createTestDatabase('inventory-service', migrationsDirectory, lockMs);
}

// For what hangs: on a busy machine the limits of the service say nothing of the code.
const PATIENCE_MS = 60_000;

/** A database for the tests of a file, and a service on it; both end with them. */
export async function startOnOwnDatabase(): Promise<{ database: TestDatabase; service: InventoryService }> {
  const database = await createInventoryDatabase();
  atEnd(() => database.drop());
  return { database, service: startUntilEnd(database.pool) };
}

/** A service that stops at the end of the tests, as another process on the same database. */
export function startUntilEnd(pool: Pool): InventoryService {
  const service = startInventoryService(pool);
  atEnd(() => service.stop());
  return service;
}

/** An inventory-service in this process, as one of possibly several on the same database. Its requests may wait for long. */
export function startInventoryService(
  pool: Pool,
  broker: Pick<Broker, 'isConnected' | 'differences'> = { isConnected: () => true, differences: () => [] },
  people: People = nobody,
) {
  const metrics = withInventoryMetrics(createMetrics('inventory-service', 'test'));
  const replays = startReplayCounter(pool, log);
  const lifecycle = createLifecycle();
  lifecycle.enter('ready');
  const reconciler = createReconciler({
    pool,
    metrics,
    log,
    intervalSeconds: 600,
    kinds: mismatchKinds,
    subjectName: 'sku',
    compare: (findings) => compareSums(pool, findings),
  });
  const app = buildApp({
    pool,
    requestPool: createRequestShare({ pool, connections: 5, ...LOAD_LIMITS.databaseLine, maxWaitMs: PATIENCE_MS }),
    longestTurnMs: PATIENCE_MS,
    startWithinMs: PATIENCE_MS,
    broker,
    reconciler,
    lifecycle,
    metrics,
    log,
    version: 'test',
    replays,
    gatewayTokens: { keyed: [GATEWAY_TOKEN], keyless: [KEYLESS_TOKEN] },
    people,
    keyRetentionHours: 72,
    callers: { 'order-service': [INTERNAL_TOKEN] },
    now: () => new Date(),
    wakeRelay: () => {},
  });
  return {
    ...app,
    metrics,
    replays,
    reconciler,
    async stop() {
      await reconciler.stop();
      await app.drain();
      await replays.stop();
    },
  };
}
export type InventoryService = ReturnType<typeof startInventoryService>;

/** What the gateway adds to a request of this consumer. */
export function asClient(clientId: string, groups = 'backoffice'): Record<string, string> {
  return { 'x-gateway-token': GATEWAY_TOKEN, 'x-consumer-custom-id': clientId, 'x-consumer-groups': groups };
}
export const BACKOFFICE = asClient('backoffice-1');
export const OPERATIONS = asClient('operations-1', 'operations');
export const ORDER_SERVICE = { authorization: `Bearer ${INTERNAL_TOKEN}` };

interface KeyedOptions {
  key?: string;
  as?: Record<string, string>;
}

/** A keyed POST of the back office; a new key unless one is given. */
export function post(
  service: InventoryService,
  path: string,
  body: object,
  { key = uuidv7(), as = BACKOFFICE }: KeyedOptions = {},
) {
  return request(service.http).post(path).set(as).set('Idempotency-Key', key).send(body);
}

export function patch(service: InventoryService, path: string, body: object, { key = uuidv7() }: KeyedOptions = {}) {
  return request(service.http).patch(path).set(BACKOFFICE).set('Idempotency-Key', key).send(body);
}

export function get(service: InventoryService, path: string, as = BACKOFFICE) {
  return request(service.http).get(path).set(as);
}

/** What order-service sends; each reservation is given by its lines, or whole. */
export function reserve(service: InventoryService, reservations: readonly { id: string; lines: readonly Line[] }[]) {
  return request(service.http).post('/reservations').set(ORDER_SERVICE).send({ reservations });
}

/** A reservation of one unit of a mug; a test says only what matters to it. */
export function aReservation(...lines: Line[]): { id: string; lines: Line[] } {
  return { id: uuidv7(), lines: lines.length > 0 ? lines : [{ sku: 'MUG', quantity: 1 }] };
}

/** A product with so many units, brought in through the API. */
export async function stock(service: InventoryService, sku: string, onHand: number): Promise<void> {
  await post(service, '/products', { sku, name: `A ${sku}` }).expect(201);
  if (onHand > 0) {
    await post(service, `/products/${sku}/adjustments`, { delta: onHand, reason: 'delivery' }).expect(200);
  }
}

/** `onHand` and `reserved` of a product. */
export async function levelOf(pool: Pool, sku: string): Promise<{ onHand: number; reserved: number }> {
  const { rows } = await pool.query('SELECT on_hand, reserved FROM stock_levels WHERE sku = $1', [sku]);
  return { onHand: Number(rows[0].on_hand), reserved: Number(rows[0].reserved) };
}

/** The payloads in the outbox, oldest first, with their type. */
export async function outbox(pool: Pool): Promise<{ type: string; payload: Record<string, unknown> }[]> {
  const { rows } = await pool.query<{ body: string }>('SELECT body FROM outbox_messages ORDER BY id');
  return rows.map(({ body }) => JSON.parse(body));
}

/** The products whose stock level is not what the ledger or the held reservations add up to. Must always be none. */
export async function findMismatches(pool: Pool): Promise<unknown[]> {
  const { rows } = await pool.query(/* sql */ `
    WITH ledger AS (
      SELECT sku, sum(delta_on_hand) AS on_hand, sum(delta_reserved) AS reserved FROM stock_movements GROUP BY sku
    ), held AS (
      SELECT l.sku, sum(l.quantity) AS reserved
      FROM reservation_lines l JOIN reservations r ON r.id = l.reservation_id
      WHERE r.state = 'held' GROUP BY l.sku
    )
    SELECT s.*, ledger.on_hand AS ledger_on_hand, ledger.reserved AS ledger_reserved, held.reserved AS held
    FROM stock_levels s FULL JOIN ledger USING (sku) FULL JOIN held USING (sku)
    WHERE s.sku IS NULL
      OR (s.on_hand, s.reserved) IS DISTINCT FROM (coalesce(ledger.on_hand, 0), coalesce(ledger.reserved, 0))
      OR s.reserved <> coalesce(held.reserved, 0)`);
  return rows;
}
