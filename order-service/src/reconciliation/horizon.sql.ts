import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { OrderId } from '../orders/order.ts';

/** Before the id of every order. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

// Ids are made by the clocks of processes, a moment before their orders are written. Orders of a clock that is further
// behind are first compared by the full run of the day.
const MARGIN_MS = 3_600_000;

// Well within a statement's timeout.
const REMOVED_AT_ONCE = 10_000;

/** The id behind which a run that begins now need not compare twice what it finds closed. */
export function horizonAt(startedAt: Date): OrderId {
  // The first 48 bits of a UUIDv7 are its time in milliseconds.
  const time = (startedAt.getTime() - MARGIN_MS).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** How far all orders have been compared; undefined before the first full run. */
export async function readHorizon(q: Queryable): Promise<OrderId | undefined> {
  const { rows } = await q.query<{ position: OrderId }>('SELECT position FROM reconciliation_horizon');
  return rows[0]?.position;
}

/** Orders that the next runs have to look at again, though they will be behind the horizon. */
export async function keepOpen(q: Queryable, ids: readonly OrderId[]): Promise<void> {
  if (ids.length === 0) return;
  await q.query(
    /* sql */ `
    INSERT INTO reconciliation_open (id) SELECT unnest($1::uuid[])
    ON CONFLICT (id) DO UPDATE SET seen_at = now()`,
    [ids],
  );
}

/** A page of the orders behind the horizon that have to be looked at, in the order of their ids. */
export async function openBehind(
  q: Queryable,
  { horizon, after, limit }: { horizon: OrderId; after: OrderId; limit: number },
): Promise<OrderId[]> {
  const { rows } = await q.query<{ id: OrderId }>(
    'SELECT id FROM reconciliation_open WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3',
    [after, horizon, limit],
  );
  return rows.map(({ id }) => id);
}

/** These are closed, and agree. */
export async function removeClosed(q: Queryable, ids: readonly OrderId[]): Promise<void> {
  if (ids.length === 0) return;
  await q.query('DELETE FROM reconciliation_open WHERE id = ANY ($1::uuid[])', [ids]);
}

/**
 * All orders up to this one have been compared, and those that are open are kept. What a full run has not seen open since
 * it began is closed.
 */
export async function saveHorizon(trx: Transaction, position: OrderId, fullSince: Date | undefined): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO reconciliation_horizon (position) VALUES ($1)
    ON CONFLICT (one) DO UPDATE SET position = excluded.position`,
    [position],
  );
  if (!fullSince) return;
  // What is left by the limit, the next runs find closed.
  await trx.query(
    /* sql */ `
    DELETE FROM reconciliation_open
    WHERE id = ANY (ARRAY(SELECT id FROM reconciliation_open WHERE seen_at < $1 LIMIT $2))`,
    [fullSince, REMOVED_AT_ONCE],
  );
}
