import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { bigints, integers, jsons, texts, uuids } from '@shop/chassis/reliable/postgres/arrays.ts';
import { violatedConstraint } from '@shop/chassis/reliable/postgres/transaction.ts';
import type { ReservationRow } from '../db/tables.ts';
import type { Changes } from './decide.ts';
import type { Line, Reservation, ReservationState } from './reservation.ts';

/** The caller of reservations, used as the actor in the ledger. */
const ACTOR = 'order-service';

/** A stored reservation. */
export interface StoredReservation extends Reservation {
  createdAt: Date;
  updatedAt: Date;
}

// PostgreSQL may execute the parts of a statement in any order, so a known id may first violate the key of its lines.
const KNOWN_ID = ['reservations_pkey', 'reservation_lines_pkey'];

/** Whether an insert failed because the reservation exists, possibly since the last read. */
export function isReservationTaken(error: unknown): boolean {
  return KNOWN_ID.includes(violatedConstraint(error) ?? '');
}

const byId = orderBy<{ id: string }>(({ id }) => id);

/**
 * The fast path in one statement: hold everything if every SKU has more than enough stock and no id is known, otherwise nothing.
 * False means that the stock is insufficient, or would be used up, which needs an event. Throws an {@link isReservationTaken}
 * error for a known id.
 */
export async function holdIfAmple(
  q: Queryable,
  reservations: readonly { id: string; lines: readonly Line[] }[],
  demand: readonly Line[],
): Promise<boolean> {
  // Ids always in the same order, so that two statements that insert the same ids wait instead of deadlocking.
  const sorted = reservations.toSorted(byId);
  const lines = sorted.flatMap(({ id, lines }) => lines.map((line) => ({ id, ...line })));
  const { rows } = await q.query<{ ample: boolean }>({
    name: 'reservations-hold-if-ample',
    text: /* sql */ `
      WITH demand AS MATERIALIZED (
        -- Summed by the caller: UPDATE … FROM applies one match per row.
        SELECT * FROM unnest($1::text[], $2::bigint[]) AS d (sku, quantity)
      ), locked AS MATERIALIZED (
        -- In the order of SKU, as every writer does it. The values are those after the wait for the lock.
        SELECT sku, on_hand, reserved FROM stock_levels WHERE sku = ANY ($1::text[]) ORDER BY sku FOR UPDATE
      ), verdict AS MATERIALIZED (
        SELECT count(*) = cardinality($1::text[]) AS ample
        FROM locked JOIN demand USING (sku) WHERE on_hand - reserved > quantity
      ), lines AS MATERIALIZED (
        SELECT i.* FROM unnest($4::uuid[], $5::text[], $6::integer[]) AS i (reservation_id, sku, quantity)
        WHERE (SELECT ample FROM verdict)
      ), new_reservations AS (
        -- A plain INSERT: ON CONFLICT would skip the row and still move the stock.
        INSERT INTO reservations (id, state)
        SELECT id, 'held' FROM unnest($3::uuid[]) AS id WHERE (SELECT ample FROM verdict)
      ), new_lines AS (
        INSERT INTO reservation_lines (reservation_id, sku, quantity) SELECT * FROM lines
      ), new_movements AS (
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT sku, 'held', 0, quantity, reservation_id, $7 FROM lines
      ), new_levels AS (
        -- Both columns from the locked row: the table's row is that of the snapshot, from before the wait, and PostgreSQL
        -- judges its CHECK on that before it looks for the newest one.
        UPDATE stock_levels l SET on_hand = k.on_hand, reserved = k.reserved + d.quantity
        FROM locked k JOIN demand d USING (sku)
        WHERE l.sku = ANY ($1::text[]) AND l.sku = k.sku AND (SELECT ample FROM verdict)
      )
      SELECT ample FROM verdict`,
    values: [
      texts(demand.map(({ sku }) => sku)),
      bigints(demand.map(({ quantity }) => quantity)),
      uuids(sorted.map(({ id }) => id)),
      uuids(lines.map(({ id }) => id)),
      texts(lines.map(({ sku }) => sku)),
      integers(lines.map(({ quantity }) => quantity)),
      ACTOR,
    ],
  });
  return rows[0]?.ample === true;
}

/** The SKUs of these reservations. Lines never change, so this needs no lock. */
export async function findReservedSkus(q: Queryable, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const { rows } = await q.query<{ sku: string }>({
    name: 'reservations-skus',
    text: 'SELECT DISTINCT sku FROM reservation_lines WHERE reservation_id = ANY ($1::uuid[])',
    values: [ids],
  });
  return rows.map(({ sku }) => sku);
}

type ReservationWithLinesRow = ReservationRow & { lines: Line[] | null };

const SELECT_LINES = /* sql */ `
  SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity) ORDER BY sku)
  FROM reservation_lines WHERE reservation_id = r.id`;

/** The reservations with these ids, unordered; unknown ids are absent. Lines are only read if requested. */
export async function findReservations(
  q: Queryable,
  ids: readonly string[],
  withLines = true,
): Promise<StoredReservation[]> {
  const { rows } = await q.query<ReservationWithLinesRow>({
    name: withLines ? 'reservations-find' : 'reservations-find-states',
    text: `SELECT r.*, (${withLines ? SELECT_LINES : 'NULL'}) AS lines FROM reservations r WHERE r.id = ANY ($1::uuid[])`,
    values: [ids],
  });
  return rows.map(toReservation);
}

// States have no index, which would make every change of state more expensive, so a filtered list scans this many rows.
const ROWS_READ_AT_MOST = 2_000;

/**
 * Reservations in id order. A filtered page reads a bounded number of rows, so it may be short or empty and still have a next
 * page.
 */
export async function listReservations(
  q: Queryable,
  { state, after, limit, lines = true }: { state?: ReservationState; after?: string; limit: number; lines?: boolean },
): Promise<{ items: StoredReservation[]; continueAfter?: string }> {
  // The plan is generic: with an OR of both conditions, it would scan all ids before the start.
  const begin = after === undefined ? '$1::uuid IS NULL' : 'id > $1';
  const { rows } = await q.query<ReservationWithLinesRow & { last_read: string; full: boolean }>(
    /* sql */ `
    WITH reading AS MATERIALIZED (
      SELECT * FROM reservations
      WHERE ${begin} ORDER BY id LIMIT $2
    ), page AS (
      SELECT * FROM reading WHERE $3::text IS NULL OR state = $3 ORDER BY id LIMIT $4
    )
    SELECT r.*, (${lines ? SELECT_LINES : 'NULL'}) AS lines, b.last_read, b.full
    FROM (SELECT max(id::text) AS last_read, count(*) = $2 AS full FROM reading) b LEFT JOIN page r ON true
    ORDER BY r.id`,
    [after ?? null, state ? ROWS_READ_AT_MOST : limit + 1, state ?? null, limit + 1],
  );
  const found = rows.filter((row) => row.id !== null).map(toReservation);
  if (found.length > limit) return { items: found.slice(0, limit), continueAfter: found[limit - 1]?.id };
  return { items: found, continueAfter: rows[0]?.full ? rows[0].last_read : undefined };
}

/** Write the decided changes. The caller has locked the levels, and has read the reservations after that. */
export async function saveChanges(trx: Transaction, changes: Changes): Promise<void> {
  const { levels, movements } = changes;
  const created = changes.created.toSorted(byId); // see holdIfAmple
  const lines = created.flatMap(({ id, lines }) => lines.map((line) => ({ id, ...line })));
  const ended = changes.ended.toSorted(byId);
  if (created.length + ended.length === 0) return;
  const { rows } = await trx.query<{ ended: string }>({
    name: 'reservations-save-changes',
    text: /* sql */ `
      WITH new_reservations AS (
        INSERT INTO reservations (id, state, shortages)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[])
      ), new_lines AS (
        INSERT INTO reservation_lines (reservation_id, sku, quantity)
        SELECT * FROM unnest($4::uuid[], $5::text[], $6::integer[])
      ), ended AS (
        UPDATE reservations r SET state = i.state, updated_at = now()
        FROM unnest($7::uuid[], $8::text[]) AS i (id, state)
        WHERE r.id = ANY ($7) AND r.id = i.id AND r.state = 'held'
        RETURNING r.id
      ), new_levels AS (
        UPDATE stock_levels l SET on_hand = i.on_hand, reserved = i.reserved
        FROM unnest($9::text[], $10::bigint[], $11::bigint[]) AS i (sku, on_hand, reserved)
        WHERE l.sku = ANY ($9) AND l.sku = i.sku
      ), new_movements AS (
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT *, $17 FROM unnest($12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::uuid[])
      )
      SELECT count(*) AS ended FROM ended`,
    values: [
      uuids(created.map(({ id }) => id)),
      texts(created.map(({ state }) => state)),
      jsons(created.map(({ shortages }) => shortages && JSON.stringify(shortages))),
      uuids(lines.map(({ id }) => id)),
      texts(lines.map(({ sku }) => sku)),
      integers(lines.map(({ quantity }) => quantity)),
      uuids(ended.map(({ id }) => id)),
      texts(ended.map(({ state }) => state)),
      texts(levels.map(({ sku }) => sku)),
      bigints(levels.map(({ onHand }) => onHand)),
      bigints(levels.map(({ reserved }) => reserved)),
      texts(movements.map(({ sku }) => sku)),
      texts(movements.map(({ kind }) => kind)),
      bigints(movements.map(({ deltaOnHand }) => deltaOnHand)),
      bigints(movements.map(({ deltaReserved }) => deltaReserved)),
      uuids(movements.map(({ causeId }) => causeId)),
      ACTOR,
    ],
  });
  if (Number(rows[0]?.ended) !== ended.length) throw new Error('a held reservation changed while its stock was locked');
}

function toReservation(row: ReservationWithLinesRow): StoredReservation {
  return {
    id: row.id,
    state: row.state,
    lines: row.lines ?? [],
    shortages: row.shortages ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
