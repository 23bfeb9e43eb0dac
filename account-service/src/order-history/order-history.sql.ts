/**
 * The projection. Events, the rebuild and the reconciliation write with {@link writeOrders}, in any order and at the same time: a
 * row changes only where the order's version is newer.
 */
import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { State, StateSource } from '@shop/chassis/operations/reconciliation/digests.ts';
import { orderBy } from '@shop/chassis/reliable/order-by.ts';
import { integers, jsons, texts, times, uuids } from '@shop/chassis/reliable/postgres/arrays.ts';
import { accountOf, type ShopperOrder, totalOf } from './shopper-order.ts';

/** Write these orders where they are newer; returns how many rows that were. */
export async function writeOrders(q: Queryable, orders: readonly ShopperOrder[]): Promise<number> {
  const newest = new Map<string, ShopperOrder>();
  for (const order of orders) if (order.version > (newest.get(order.id)?.version ?? 0)) newest.set(order.id, order);
  // In the order of their ids, so that two writers with the same orders wait for each other instead of deadlocking.
  const rows = [...newest.values()].sort(orderBy(({ id }) => id));
  if (rows.length === 0) return 0;
  const { rowCount } = await q.query({
    name: 'write-order-history',
    text: /* sql */ `
      INSERT INTO order_history (order_id, account_id, number, status, total, currency, placed_at, version, view)
      SELECT order_id, account_id, number, status, total::bigint, currency, placed_at, version, view
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                  $8::integer[], $9::jsonb[])
        AS o (order_id, account_id, number, status, total, currency, placed_at, version, view)
      ON CONFLICT ON CONSTRAINT order_history_pkey DO UPDATE SET
        account_id = excluded.account_id, number = excluded.number, status = excluded.status, total = excluded.total,
        currency = excluded.currency, placed_at = excluded.placed_at, version = excluded.version, view = excluded.view
      WHERE excluded.version > order_history.version`,
    values: [
      uuids(rows.map(({ id }) => id)),
      uuids(rows.map(accountOf)),
      texts(rows.map(({ number }) => number)),
      texts(rows.map(({ status }) => status)),
      texts(rows.map((order) => totalOf(order)?.toString())),
      texts(rows.map(({ currency }) => currency)),
      times(rows.map(({ createdAt }) => new Date(createdAt))),
      integers(rows.map(({ version }) => version)),
      jsons(rows.map((order) => JSON.stringify(order))),
    ],
  });
  return rowCount ?? 0;
}

/** The states of all rows, for comparisons. */
export const historyStates: StateSource = {
  name: 'order-history',
  page: /* sql */ `
    SELECT order_id AS id, version, status FROM order_history WHERE order_id > $1::uuid ORDER BY order_id LIMIT $2`,
};

/** The states of these rows; absent ones are absent. */
export async function findStates(q: Queryable, ids: readonly string[]): Promise<Map<string, State>> {
  const { rows } = await q.query<State>(
    'SELECT order_id AS id, version, status FROM order_history WHERE order_id = ANY ($1::uuid[])',
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Remove rows that are still in these states. */
export async function removeRows(trx: Transaction, states: readonly State[]): Promise<void> {
  await trx.query(
    /* sql */ `
    DELETE FROM order_history h USING unnest($1::uuid[], $2::integer[]) AS s (id, version)
    WHERE h.order_id = ANY ($1) AND h.order_id = s.id AND h.version = s.version`,
    [uuids(states.map(({ id }) => id)), integers(states.map(({ version }) => version))],
  );
}

/** An order in a list of orders. */
export interface HistoryItem {
  id: string;
  number: string;
  status: string;
  currency: string;
  total?: number;
  lines: { sku: string; quantity: number; unitPrice?: number }[];
  lineCount: number;
  placedAt: Date;
  version: number;
}

// Enough for a picture of each; the order itself has them all. A page of a hundred orders would otherwise be megabytes.
const LINES_SHOWN = 5;
// Greater than any other.
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The orders of an account, newest first, at most `limit`, those before the order `before`. */
export async function listHistory(
  q: Queryable,
  accountId: string,
  { before = LAST_ID, limit }: { before?: string; limit: number },
): Promise<HistoryItem[]> {
  const { rows } = await q.query<Omit<HistoryItem, 'total'> & { total: string | null }>({
    name: 'list-history',
    // Compared as rows, so that only the index by account has this order.
    text: /* sql */ `
      SELECT order_id AS id, number, status, currency, total, jsonb_array_length(view -> 'lines') AS "lineCount",
        jsonb_path_query_array(view, '$.lines[0 to ${LINES_SHOWN - 1}]') AS lines, placed_at AS "placedAt", version
      FROM order_history
      WHERE (account_id, order_id) < ($1::uuid, $2::uuid) AND account_id >= $1::uuid
      ORDER BY account_id DESC, order_id DESC LIMIT $3`,
    values: [accountId, before, limit],
  });
  return rows.map(({ total, ...row }) => (total === null ? row : { ...row, total: Number(total) }));
}

/** Where an interrupted rebuild goes on. */
export async function readRebuild(q: Queryable): Promise<{ position: string; done: number } | undefined> {
  const { rows } = await q.query<{ position: string; done: string }>(
    'SELECT position, done FROM order_history_rebuild WHERE one',
  );
  return rows[0] && { position: rows[0].position, done: Number(rows[0].done) };
}

/** Record how far a rebuild is. */
export async function saveRebuild(trx: Transaction, { position, done }: { position: string; done: number }) {
  await trx.query(
    /* sql */ `
    INSERT INTO order_history_rebuild (position, done) VALUES ($1, $2)
    ON CONFLICT ON CONSTRAINT order_history_rebuild_pkey
    DO UPDATE SET position = excluded.position, done = excluded.done, updated_at = now()`,
    [position, done],
  );
}

/** Forget it: the next one begins with the first order. */
export async function endRebuild(q: Queryable): Promise<void> {
  await q.query('DELETE FROM order_history_rebuild WHERE one');
}
