import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { otherTraceId } from '@shop/chassis/base/telemetry/tracing.ts';
import type { KeyName } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { completeKeys, leaseToken, replaysOf } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { type OutboxRow, outboxColumns } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { integers, jsons, texts, times, uuids } from '@shop/chassis/reliable/postgres/arrays.ts';
import { violatedConstraint } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { Reply } from '@shop/chassis/reliable/refusal.ts';
import knex from 'knex';
import type { Awaiting, FirstOutcome, Order, OrderId, OrderStatus, Shortage } from './order.ts';
import type { OrderLine } from './order-lines.ts';

// Builds SQL for queries with optional filters; it has no connection.
const builder = knex({ client: 'pg' });

/** A row with {@link COLUMNS} and {@link LINES}. */
export interface OrderRow {
  id: string;
  number: string;
  client_id: string;
  customer_id: string;
  currency: string;
  status: OrderStatus;
  first_outcome: FirstOutcome | null;
  rejection: { lines: Shortage[] } | null;
  carrier: string | null;
  tracking_number: string | null;
  cancellation: { reason?: string } | null;
  awaiting: Awaiting | null;
  version: number;
  created_at: Date;
  updated_at: Date;
  lines: { sku: string; quantity: number; unitPrice: number | null }[];
}

/** The columns of an order, in statements with the alias `o`. */
export const COLUMNS = /* sql */ `
  o.id, o.number, o.client_id, o.customer_id, o.currency, o.status, o.first_outcome, o.rejection, o.carrier,
  o.tracking_number, o.cancellation, o.awaiting, o.version, o.created_at, o.updated_at`;

/** Its lines. */
export const LINES = /* sql */ `
  (SELECT jsonb_agg(jsonb_build_object('sku', l.sku, 'quantity', l.quantity, 'unitPrice', l.unit_price)
                    ORDER BY l.position)
   FROM order_lines l WHERE l.order_id = o.id) AS lines`;

/** The columns of an order's key, in statements with the alias `o`. */
export const KEY_OF_ORDER = { clientId: 'o.client_id', key: 'o.idempotency_key', resourceId: 'o.id' };

// Positions start at 0, so the count follows from the last one without reading all lines.
export const LINE_COUNT = /* sql */ `
  (SELECT coalesce(max(l.position) + 1, 0) FROM order_lines l WHERE l.order_id = o.id) AS line_count`;

/** The order of a row. */
export function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    number: toOrderNumber(row.number),
    clientId: row.client_id,
    customerId: row.customer_id,
    currency: row.currency,
    lines: row.lines.map(toLine),
    status: row.status,
    firstOutcome: row.first_outcome ?? undefined,
    rejection: row.rejection ? { lines: row.rejection.lines.map(toShortage) } : undefined,
    shipment:
      row.carrier === null || row.tracking_number === null
        ? undefined
        : { carrier: row.carrier, trackingNumber: row.tracking_number },
    cancellation: row.cancellation ?? undefined,
    awaiting: row.awaiting ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
}

function toLine(line: { sku: string; quantity: number; unitPrice: number | null }): OrderLine {
  const { sku, quantity } = line;
  return line.unitPrice === null ? { sku, quantity } : { sku, quantity, unitPrice: line.unitPrice };
}

/** Members in the order of the contract. jsonb reorders them, and a rebuilt response must equal the stored one. */
function toShortage({ sku, requested, available, reason }: Shortage): Shortage {
  return { sku, requested, available, reason };
}

/** The number for people, from the sequence's value. */
export function toOrderNumber(value: string): string {
  return `ORD-${value}`;
}

/** Orders by id; unknown ids are absent. */
export async function findOrders(q: Queryable, ids: readonly OrderId[]): Promise<Map<OrderId, Order>> {
  const { rows } = await q.query<OrderRow>({
    name: 'find-orders',
    text: /* sql */ `SELECT ${COLUMNS}, ${LINES} FROM orders o WHERE o.id = ANY($1::uuid[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, toOrder(row)]));
}

/** Lock orders until the end of the transaction, always in the order of their ids. */
export async function lockOrders(trx: Transaction, ids: readonly OrderId[]): Promise<Map<OrderId, Order>> {
  const { rows } = await trx.query<OrderRow>({
    name: 'lock-orders',
    text: /* sql */ `
      WITH locked AS MATERIALIZED (SELECT * FROM orders WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE)
      SELECT ${COLUMNS}, ${LINES} FROM locked o`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, toOrder(row)]));
}

/** One step of one order, and everything that must commit with it. */
export interface Transition {
  /** The order before the step. The step is applied only if it is unchanged. */
  before: Order;
  after: Order;
  actor: string;
  correlationId: string;
  messages: readonly OutboxRow[];
  /** The final reply to the request that placed the order, if this step takes it out of `pending`. */
  finalReply?: Reply;
  /** Fencing token: the step is applied only while the key of the placing request is leased with it. */
  token?: number;
}

/**
 * Apply a set of steps, at most one per order, in one statement. Returns the ids of the orders that changed: the others had
 * already changed, or their token is stale.
 */
export async function applyTransitions(q: Queryable, steps: readonly Transition[]): Promise<Set<OrderId>> {
  // Every writer of several orders locks them in id order, so that two with the same orders wait instead of deadlocking.
  const sorted = steps.toSorted(orderBy(({ before }) => before.id));
  const { rows } = await q.query<{ id: string }>({
    name: 'apply-transitions',
    text: /* sql */ `
      WITH step AS MATERIALIZED (
        SELECT * FROM unnest(
          $1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::text[],
          $9::jsonb[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::jsonb[], $15::integer[],
          $16::integer[], $17::text[], $18::text[], $26::text[])
          AS s (order_id, version, from_status, status, first_outcome, rejection, carrier, tracking_number,
                cancellation, awaiting, updated_at, actor, correlation_id, detail, token,
                answer_status, answer_location, answer_body, trace_id)
      ),
      changed AS (
        UPDATE orders o SET
          status = s.status, first_outcome = s.first_outcome, rejection = s.rejection, carrier = s.carrier,
          tracking_number = s.tracking_number, cancellation = s.cancellation, version = o.version + 1,
          updated_at = s.updated_at, awaiting = s.awaiting, asks = 1,
          -- The command travels with this step; if its answer stays away for 30 s the completer asks again.
          ask_at = CASE WHEN s.awaiting = o.awaiting THEN o.ask_at
                        WHEN s.awaiting IS NOT NULL THEN now() + interval '30 seconds' END
        FROM step s
        WHERE o.id = ANY ($1) AND o.id = s.order_id AND o.version = s.version AND o.status = s.from_status
          AND (s.token IS NULL OR s.token = ${leaseToken(KEY_OF_ORDER)})
        RETURNING o.id, o.client_id, o.idempotency_key, s.*
      ),
      told AS (
        INSERT INTO order_timeline (order_id, type, at, actor, correlation_id, detail, trace_id)
        SELECT order_id, status, updated_at, actor, correlation_id, detail, trace_id FROM changed
      ),
      noted AS (
        INSERT INTO order_changes_queue (order_id, version, status, at)
        SELECT order_id, version + 1, status, updated_at FROM changed
      ),
      promised AS (
        INSERT INTO outbox_messages (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        SELECT m.*
        FROM unnest($19::uuid[], $20::text[], $21::text[], $22::boolean[], $23::uuid[], $24::text[], $25::text[])
          AS m (message_id, exchange, routing_key, mandatory, subject_id, body, traceparent)
        JOIN changed c ON c.id = m.subject_id
      ),
      answered AS (${completeKeys('changed o', KEY_OF_ORDER)})
      SELECT id FROM changed`,
    values: [
      uuids(sorted.map((step) => step.before.id)),
      integers(sorted.map((step) => step.before.version)),
      texts(sorted.map((step) => step.before.status)),
      texts(sorted.map((step) => step.after.status)),
      texts(sorted.map((step) => step.after.firstOutcome)),
      jsons(sorted.map((step) => asJson(step.after.rejection))),
      texts(sorted.map((step) => step.after.shipment?.carrier)),
      texts(sorted.map((step) => step.after.shipment?.trackingNumber)),
      jsons(sorted.map((step) => asJson(step.after.cancellation))),
      texts(sorted.map((step) => step.after.awaiting)),
      times(sorted.map((step) => step.after.updatedAt)),
      texts(sorted.map((step) => step.actor)),
      texts(sorted.map((step) => step.correlationId)),
      jsons(sorted.map((step) => asJson(timelineDetail(step.after)))),
      integers(sorted.map((step) => step.token)),
      integers(sorted.map((step) => step.finalReply?.status)),
      texts(sorted.map((step) => step.finalReply?.location)),
      texts(sorted.map((step) => step.finalReply?.body)),
      ...outboxColumns(sorted.flatMap((step) => step.messages)),
      // A step and its messages belong to the same trace.
      texts(sorted.map((step) => otherTraceId(step.messages[0]?.traceparent, step.correlationId))),
    ],
  });
  return new Set(rows.map((row) => row.id));
}

function asJson(value: object | undefined): string | undefined {
  return value && JSON.stringify(value);
}

/** The detail of a timeline entry. */
function timelineDetail(order: Order): object | undefined {
  if (order.status === 'rejected') return order.rejection;
  if (order.status === 'shipped') return order.shipment;
  if (order.status === 'cancelled' && order.cancellation?.reason !== undefined) return order.cancellation;
  return undefined;
}

/** Record that these commands have been answered. */
export async function endWaits(trx: Transaction, waits: readonly { id: OrderId; awaiting: Awaiting }[]): Promise<void> {
  await trx.query({
    name: 'end-waits',
    text: /* sql */ `
      UPDATE orders o SET awaiting = NULL, ask_at = NULL
      FROM unnest($1::uuid[], $2::text[]) AS w (id, awaiting)
      WHERE o.id = ANY ($1) AND o.id = w.id AND o.awaiting = w.awaiting`,
    values: [uuids(waits.map((wait) => wait.id)), texts(waits.map((wait) => wait.awaiting))],
  });
}

/** An order with the fingerprint of its request, and the step that took it out of `pending`. */
export interface PlacedOrder {
  order: Order;
  fingerprint: Buffer;
  decided?: { at: Date; correlationId: string };
}

/** The orders placed under these keys, in their order, for retries that cannot be answered from a key's row. */
export async function findOrdersByKeys(q: Queryable, keys: readonly KeyName[]): Promise<(PlacedOrder | undefined)[]> {
  const { rows } = await q.query<
    OrderRow & { position: number; fingerprint: Buffer; decided_at: Date | null; decided_by: string }
  >({
    name: 'find-orders-by-keys',
    text: /* sql */ `
      SELECT i.position::integer, ${COLUMNS}, o.fingerprint, ${LINES}, d.at AS decided_at, d.correlation_id AS decided_by
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (client_id, key, position)
      CROSS JOIN LATERAL (
        -- With LIMIT it stays a look-up for each key.
        SELECT * FROM orders WHERE client_id = i.client_id AND idempotency_key = i.key LIMIT 1
      ) o
      LEFT JOIN LATERAL (
        SELECT at, correlation_id FROM order_timeline WHERE order_id = o.id AND type = o.first_outcome ORDER BY id LIMIT 1
      ) d ON true`,
    values: [texts(keys.map((key) => key.clientId)), texts(keys.map((key) => key.key))],
  });
  const found = new Array<PlacedOrder | undefined>(keys.length);
  for (const row of rows) {
    const decided = row.decided_at ? { at: row.decided_at, correlationId: row.decided_by } : undefined;
    found[row.position - 1] = { order: toOrder(row), fingerprint: row.fingerprint, decided };
  }
  return found;
}

/** The fingerprint of the order placed under this key: the key stays reserved for that request. */
export async function findKeptFingerprint(q: Queryable, { clientId, key }: KeyName): Promise<Buffer | undefined> {
  const { rows } = await q.query<{ fingerprint: Buffer }>(
    'SELECT fingerprint FROM orders WHERE client_id = $1 AND idempotency_key = $2',
    [clientId, key],
  );
  return rows[0]?.fingerprint;
}

/** Whether an insert failed because the client already has an order under this key. */
export function isOrderOfKeyKnown(error: unknown): boolean {
  return violatedConstraint(error) === 'orders_idempotency_key_key';
}

export interface OrderFilter {
  clientId?: string;
  customerId?: string;
  number?: string;
  status?: OrderStatus;
  /** Only orders with a line of this SKU. */
  sku?: string;
  /** Only orders with a smaller id: older ones. */
  before?: OrderId;
}

// A page with a filter that its index does not cover (a status, or the client of a customer) may have to skip many other orders,
// and a page of a SKU many lines of the same order. It stops here and returns a cursor. The limit keeps the most expensive page at
// the cost of about ten full ones.
const SCAN_LIMIT = 1_000;

// A hundred orders with 1,000 lines each would be 5 MB; this limit keeps a page at a tenth of that. An order has at most
// half of it, so a page has at least two orders.
const LINES_LIMIT = 2_000;

// The collation of the index for lists, and of no other, so that a query for one key can only use the constraint's index.
const CLIENT_BY_BYTES = 'client_id COLLATE "C"';
const SKU_BY_BYTES = 'sku COLLATE "C"';

/** Whether an order `o` has a line of a SKU. A scalar subquery, because a join could be planned as a hash of all its lines. */
const HAS_SKU = '(SELECT true FROM order_lines WHERE order_id = o.id AND sku = ? LIMIT 1)';

// The rows of its index that a window has read, each order counted with all that it took.
const SEEN = /* sql */ 'sum(rows_read)::integer AS seen, min(id::text) AS last_seen';

/** A page of orders, newest first, and the start of the next page. A short or empty page may still have a next one. */
export async function listOrders(
  q: Queryable,
  filter: OrderFilter,
  limit: number,
): Promise<{ orders: Order[]; next?: OrderId }> {
  const { window, rest } = windowOf(filter);
  if (!rest) window.limit(limit + 1);
  const page = builder
    .select('o.*', builder.raw(LINE_COUNT))
    .from('o')
    .orderBy('o.id', 'desc')
    .limit(limit + 1);
  for (const [condition, value] of Object.entries(rest ?? {})) page.whereRaw(condition, [value]);
  const query = builder
    .with('o', window)
    .with('page', page)
    .with('counted', builder.raw('SELECT page.*, sum(line_count) OVER (ORDER BY id DESC) AS lines_so_far FROM page'))
    .select(builder.raw(`${COLUMNS}, ${LINES}`))
    .select(builder.raw('(SELECT count(*)::integer FROM page) AS found'))
    .select('scan.seen', 'scan.last_seen')
    .from({ o: 'counted' })
    .joinRaw(`CROSS JOIN (SELECT ${SEEN} FROM o) AS scan`)
    .where('o.lines_so_far', '<=', LINES_LIMIT)
    .orderBy('o.id', 'desc');
  const { sql, bindings } = query.toSQL().toNative();
  const { rows } = await q.query<OrderRow & { found: number; seen: number; last_seen: string }>(sql, [...bindings]);
  const orders = rows.slice(0, limit).map(toOrder);
  if (rows[0] && rows[0].found > orders.length) return { orders, next: orders.at(-1)?.id };
  const scan = rows[0] ?? (rest && (await lastOfScan(q, window)));
  return scan && scan.seen === SCAN_LIMIT ? { orders, next: scan.last_seen } : { orders };
}

/** The newest orders that one index finds, and the filters that are left to apply to them. */
function windowOf(filter: OrderFilter) {
  const { clientId, customerId, number, sku, status, before } = filter;
  const isFew = number !== undefined || status === 'pending';
  const rest: Record<string, string> = {};
  if (status !== undefined) rest['o.status = ?'] = status;
  // The SKU before the client, because most SKUs have fewer orders.
  const leads = sku !== undefined && customerId === undefined && !isFew;
  if (sku !== undefined && !leads) rest[HAS_SKU] = sku;
  if (clientId !== undefined && (leads || (customerId !== undefined && !isFew))) rest['o.client_id = ?'] = clientId;
  const window = leads ? ordersOfSku(sku, before) : ordersOf(filter);
  return { window, rest: Object.keys(rest).length > 0 ? rest : undefined };
}

function ordersOf({ clientId, customerId, number, status, before }: OrderFilter) {
  const window = builder('orders').select('*', builder.raw('1 AS rows_read')).limit(SCAN_LIMIT);
  if (before !== undefined) window.where('id', '<', before);
  if (number !== undefined || status === 'pending') {
    // One order or few. The condition on `awaiting` lets the planner use the completer's index for pending orders.
    if (number !== undefined) window.where('number', number);
    else window.where('status', 'pending').whereNotNull('awaiting');
    if (clientId !== undefined) window.where('client_id', clientId);
    if (customerId !== undefined) window.where('customer_id', customerId);
  } else if (customerId !== undefined) only(window, 'customer_id', customerId);
  else if (clientId !== undefined) only(window, CLIENT_BY_BYTES, clientId);
  return window.orderBy('id', 'desc');
}

/**
 * Filter by a range of one value, and sort by it: with an equality, the planner may scan the newest orders of all clients until
 * it has found enough of this one, which may take very long.
 */
function only(window: ReturnType<typeof builder>, column: string, value: string): void {
  window.whereRaw(`${column} BETWEEN ? AND ?`, [value, value]).orderByRaw(`${column} DESC`);
}

/** The orders of a SKU, by its index alone. An order has a line of the SKU for each of its prices. */
function ordersOfSku(sku: string, before: OrderId | undefined) {
  const lines = builder('order_lines')
    .select(builder.raw(`${SKU_BY_BYTES} AS sku`), 'order_id')
    .limit(SCAN_LIMIT);
  if (before !== undefined) lines.where('order_id', '<', before);
  only(lines, SKU_BY_BYTES, sku);
  lines.orderBy('order_id', 'desc');
  const found = builder
    .select('sku', 'order_id', builder.raw('count(*) AS rows_read'))
    .from(lines.as('l'))
    .groupBy('sku', 'order_id')
    .orderBy([
      { column: 'sku', order: 'desc' },
      { column: 'order_id', order: 'desc' },
    ]);
  return builder
    .select('o.*', 'f.rows_read')
    .from(found.as('f'))
    .joinRaw('CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = f.order_id LIMIT 1) AS o')
    .orderBy('f.sku', 'desc')
    .orderBy('f.order_id', 'desc');
}

async function lastOfScan(q: Queryable, window: ReturnType<typeof builder>) {
  const scan = builder.select(builder.raw(SEEN)).from(window.clone().as('o'));
  const { sql, bindings } = scan.toSQL().toNative();
  const { rows } = await q.query<{ seen: number; last_seen: string }>(sql, [...bindings]);
  return rows[0];
}

export interface TimelineEntry {
  type: string;
  at: Date;
  actor: string;
  correlationId: string;
  /** Present if it differs from the request id. */
  traceId?: string;
  detail?: unknown;
  replays?: number;
}

/** The timeline of an order, oldest entry first. Replays of the request that placed it are one entry. */
export async function readTimeline(q: Queryable, id: OrderId): Promise<TimelineEntry[]> {
  const { rows } = await q.query<{
    type: string;
    at: Date;
    actor: string;
    correlation_id: string;
    trace_id: string | null;
    detail: unknown;
    replays: number | null;
  }>(
    /* sql */ `
    SELECT type, at, actor, correlation_id, trace_id, detail, NULL::integer AS replays, id
    FROM order_timeline WHERE order_id = $1
    UNION ALL
    SELECT 'replays', r.at, o.client_id, t.correlation_id, t.trace_id, NULL, r.count, NULL
    FROM orders o, ${replaysOf(KEY_OF_ORDER)} AS r, LATERAL (
      SELECT correlation_id, trace_id FROM order_timeline WHERE order_id = o.id ORDER BY id LIMIT 1
    ) AS t
    WHERE o.id = $1
    ORDER BY id NULLS LAST`,
    [id],
  );
  const entries = rows.map((row) => ({
    type: row.type,
    at: row.at,
    actor: row.actor,
    correlationId: row.correlation_id,
    traceId: row.trace_id ?? undefined,
    detail: row.detail ?? undefined,
    replays: row.replays ?? undefined,
  }));
  return inOrderOfTime(entries);
}

/** The entries are in the order of insertion; only the replays, which come last, are moved to their place in time. */
function inOrderOfTime(entries: TimelineEntry[]): TimelineEntry[] {
  const replays = entries.at(-1);
  if (replays?.type !== 'replays') return entries;
  const later = entries.findIndex((entry) => entry.at > replays.at);
  return later === -1 ? entries : entries.slice(0, -1).toSpliced(later, 0, replays);
}
