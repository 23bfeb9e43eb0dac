import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { sku } from '@shop/chassis/contract/sku.ts';
import { parseBody, parseQuery, readBody } from '@shop/chassis/edge/body.ts';
import { type InternalCallers, internalOnly } from '@shop/chassis/edge/callers.ts';
import { list } from '@shop/chassis/edge/list.ts';
import { cursor, positionIn, toCursor } from '@shop/chassis/edge/page.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { asReservationId } from '../addresses.ts';
import { causeOf } from '../cause.ts';
import { reservationNotFound } from '../errors.ts';
import type { InventoryMetrics } from '../metrics.ts';
import type { HoldBatcher } from './hold-reservations.ts';
import { type HoldResult, mergeLines } from './reservation.ts';
import { findReservations, listReservations, type StoredReservation } from './reservations.sql.ts';

// Enough for 500 orders of ordinary size; only order-service calls this.
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
// The caller times out after 1.5 s, and then sends the request by message. Work that would start too late is refused.
const START_WITHIN_MS = 1_200;

const id = z.uuid().transform((value) => value.toLowerCase());
const line = z.strictObject({ sku, quantity: z.int().min(1).max(1_000_000) });
const reservation = z.strictObject({ id, lines: list(line, 1_000) });
const holdBody = z.strictObject({ reservations: list(reservation, 500) });
const lookupBody = z.strictObject({ ids: list(id, 500), lines: z.boolean().default(true) });
const listQuery = z.strictObject({
  // As many as can be looked up at once, because reconciliation reads everything in large pages.
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .refine((value) => value <= 500, 'Must be a whole number from 1 to 500.')
    .default(50),
  cursor,
  // Need not be the id of a reservation.
  after: z.guid().toLowerCase().optional(),
  state: z.enum(['held', 'fulfilled', 'released', 'rejected']).optional(),
  lines: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .default(true),
});

export interface ReservationsDeps {
  /** Time limit for starting a call. Override for tests. */
  startWithinMs?: number;
  pool: Queryable;
  metrics: InventoryMetrics;
  holds: HoldBatcher;
  callers: InternalCallers;
}

/** `/reservations`: for order-service only. */
export function reservationsRoutes(deps: ReservationsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  // Before any path is decoded, so that callers without a token learn nothing, not even that a path is malformed.
  // The callers limit what is under way here: a process of order-service has 8 connections and three calls that hold stock.
  router.use('/reservations', internalOnly(deps.callers, deps.metrics));
  const body = readBody(BODY_LIMIT_BYTES);
  router.param('id', (_req, res, next, id) => {
    res.locals.orderId = asUuid(id); // for the log: a reservation has the id of its order
    next();
  });

  router.post('/reservations', ...body, async (req, res) => {
    const deadline = performance.now() + (deps.startWithinMs ?? START_WITHIN_MS);
    const { reservations } = parseBody(req, holdBody);
    const cause = causeOf(res);
    const commands = reservations.map(({ id, lines }) => ({
      kind: 'hold' as const,
      id,
      lines: mergeLines(lines),
      cause,
    }));
    const weight = commands.reduce((sum, { lines }) => sum + lines.length, 0);
    const outcomes = await deps.holds.submit(commands, weight, deadline);
    for (const { kind } of outcomes) deps.metrics.reservationsTotal.of(kind).inc();
    const results = commands.map(({ id }, index) => toResult(id, outcomes[index] as HoldResult));
    sendReply(res, toReply(200, { results }));
  });

  router.post('/reservations/lookup', ...body, async (req, res) => {
    const { ids, lines } = parseBody(req, lookupBody);
    const unique = [...new Set(ids)];
    const found = new Map((await findReservations(deps.pool, unique, lines)).map((one) => [one.id, one]));
    const items = unique.flatMap((id) => found.get(id) ?? []).map(lines ? toReservationView : withoutLines);
    sendReply(res, toReply(200, { items }));
  });

  router.get('/reservations', async (req, res) => {
    const query = parseQuery(req, listQuery);
    const scope = `reservations state=${query.state ?? ''}`;
    const after = positionIn(scope, query.cursor, z.uuid()) ?? query.after;
    const { items, continueAfter } = await listReservations(deps.pool, {
      state: query.state,
      after,
      limit: query.limit,
      lines: query.lines,
    });
    const nextCursor = continueAfter && toCursor(scope, continueAfter);
    sendReply(res, toReply(200, { items: items.map(query.lines ? toReservationView : withoutLines), nextCursor }));
  });

  router.get('/reservations/:id', async (req, res) => {
    const [found] = await findReservations(deps.pool, [asReservationId(req.params.id)]);
    if (!found) throw reservationNotFound();
    sendReply(res, toReply(200, toReservationView(found)));
  });

  return router;
}

function toResult(id: string, outcome: HoldResult) {
  return { id, state: outcome.kind, shortages: outcome.kind === 'rejected' ? outcome.shortages : undefined };
}

/** A reservation in HTTP responses. */
export function toReservationView({ id, state, lines, shortages, createdAt, updatedAt }: StoredReservation) {
  return {
    id,
    state,
    lines,
    shortages,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** Without lines, for comparing states: with a thousand lines each, the response would be large. */
function withoutLines(reservation: StoredReservation) {
  const { lines: _lines, ...view } = toReservationView(reservation);
  return view;
}
