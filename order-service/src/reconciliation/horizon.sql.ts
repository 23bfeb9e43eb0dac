import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { OrderId } from '../orders/order.ts';

/** An id smaller than that of any order. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

// Ids come from the clocks of processes, shortly before their orders are inserted. Orders of a clock that is further behind
// than this are first compared by the daily full run.
const MARGIN_MS = 3_600_000;

// Well within a statement's timeout.
const REMOVED_AT_ONCE = 10_000;

/** The id up to which a run that starts now can move the horizon. */
export function horizonAt(startedAt: Date): OrderId {
  // The first 48 bits of a UUIDv7 are its time in milliseconds.
  const time = (startedAt.getTime() - MARGIN_MS).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** The id up to which all orders have been compared; undefined before the first full run. */
export async function readHorizon(q: Queryable): Promise<OrderId | undefined> {
  const { rows } = await q.query<{ position: OrderId }>('SELECT position FROM reconciliation_horizon');
  return rows[0]?.position;
}

/** Remember orders that the next runs must check again although they are behind the horizon. */
export async function keepOpen(q: Queryable, ids: readonly OrderId[]): Promise<void> {
  if (ids.length === 0) return;
  await q.query(
    /* sql */ `
    INSERT INTO reconciliation_open (id) SELECT unnest($1::uuid[])
    ON CONFLICT (id) DO UPDATE SET seen_at = now()`,
    [ids],
  );
}

/** A page of the orders behind the horizon that must be checked again, in the order of their ids. */
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

/** Forget orders that are final and agree. */
export async function removeClosed(q: Queryable, ids: readonly OrderId[]): Promise<void> {
  if (ids.length === 0) return;
  await q.query('DELETE FROM reconciliation_open WHERE id = ANY ($1::uuid[])', [ids]);
}

/**
 * Save the id up to which all orders have been compared. After a full run, orders that it has not found open are final, and are
 * forgotten.
 */
export async function saveHorizon(trx: Transaction, position: OrderId, fullSince: Date | undefined): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO reconciliation_horizon (position) VALUES ($1)
    ON CONFLICT (one) DO UPDATE SET position = excluded.position`,
    [position],
  );
  if (!fullSince) return;
  // The next runs find the rows beyond the limit closed, and remove them.
  await trx.query(
    /* sql */ `
    DELETE FROM reconciliation_open
    WHERE id = ANY (ARRAY(SELECT id FROM reconciliation_open WHERE seen_at < $1 LIMIT $2))`,
    [fullSince, REMOVED_AT_ONCE],
  );
}
