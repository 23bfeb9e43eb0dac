import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { KeyName } from '@shop/chassis/reliable/idempotency/keyed-request.ts';
import { bigints, bytes, texts, times, uuids } from '@shop/chassis/reliable/postgres/arrays.ts';
import type { StockAdjustmentRow, StockLevelRow, StockMovementRow } from '../db/tables.ts';
import type { Product } from '../products/product.ts';
import { HOLDS_ROWS_BRIEFLY } from './row-locks.ts';
import type { StockLevel, StockMovement } from './stock-level.ts';

/** Lock stock levels; SKUs without one are absent. */
export async function lockStockLevels(trx: Transaction, skus: readonly string[]): Promise<StockLevel[]> {
  // Every writer locks in SKU order, so that two with the same SKUs wait instead of deadlocking.
  const { rows } = await trx.query<StockLevelRow>({
    name: 'stock-levels-lock',
    text: /* sql */ `
      SELECT sku, on_hand, reserved FROM stock_levels
      WHERE sku = ANY ($1::text[]) AND ${HOLDS_ROWS_BRIEFLY} ORDER BY sku FOR UPDATE`,
    values: [skus],
  });
  return rows.map((row) => ({ sku: row.sku, onHand: Number(row.on_hand), reserved: Number(row.reserved) }));
}

/** Of these SKUs, those that have a stock level. */
export async function findStockedSkus(q: Queryable, skus: readonly string[]): Promise<string[]> {
  const { rows } = await q.query<{ sku: string }>('SELECT sku FROM stock_levels WHERE sku = ANY ($1::text[])', [skus]);
  return rows.map(({ sku }) => sku);
}

/** Of these stock levels, those that another transaction has locked. Does not wait. */
export async function findLockedLevels(q: Queryable, skus: readonly string[]): Promise<string[]> {
  const { rows } = await q.query<{ sku: string }>(
    /* sql */ `
    WITH free AS MATERIALIZED (
      SELECT sku FROM stock_levels WHERE sku = ANY ($1::text[]) FOR UPDATE SKIP LOCKED
    )
    SELECT sku FROM stock_levels WHERE sku = ANY ($1::text[]) EXCEPT SELECT sku FROM free`,
    [skus],
  );
  return rows.map(({ sku }) => sku);
}

/** A stored adjustment, with the product right after it. */
export interface StoredAdjustment {
  id: string;
  delta: number;
  reason: string;
  clientId: string;
  key: string;
  fingerprint: Buffer;
  after: Product;
}

/**
 * Write adjustments with their movements and the new levels, which the caller has locked: in the order given, so that each
 * SKU has the level after its last one. Returns when they were made.
 */
export async function saveAdjustments(trx: Transaction, adjustments: readonly StoredAdjustment[]): Promise<Date> {
  const levels = new Map(adjustments.map(({ after }) => [after.sku, after.onHand]));
  const { rows } = await trx.query<{ created_at: Date }>({
    name: 'stock-adjustments-save',
    text: /* sql */ `
      WITH adjustments AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[],
          $8::bigint[], $9::bigint[], $10::text[], $11::timestamptz[]) WITH ORDINALITY
          AS a (id, sku, delta, reason, client_id, key, fingerprint, on_hand, reserved, name, updated_at, position)
      ), new_levels AS (
        UPDATE stock_levels l SET on_hand = i.on_hand FROM unnest($12::text[], $13::bigint[]) AS i (sku, on_hand)
        WHERE l.sku = ANY ($12) AND l.sku = i.sku
      ), new_movements AS (
        -- The ids of a SKU's movements grow in the order of its changes.
        INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
        SELECT sku, 'adjusted', delta, 0, id, client_id FROM adjustments ORDER BY position
      )
      INSERT INTO stock_adjustments (id, sku, delta, reason, client_id, idempotency_key, fingerprint,
        on_hand_after, reserved_after, product_name, product_updated_at)
      SELECT id, sku, delta, reason, client_id, key, fingerprint, on_hand, reserved, name, updated_at FROM adjustments
      RETURNING created_at`,
    values: [
      uuids(adjustments.map(({ id }) => id)),
      texts(adjustments.map(({ after }) => after.sku)),
      bigints(adjustments.map(({ delta }) => delta)),
      texts(adjustments.map(({ reason }) => reason)),
      texts(adjustments.map(({ clientId }) => clientId)),
      texts(adjustments.map(({ key }) => key)),
      bytes(adjustments.map(({ fingerprint }) => fingerprint)),
      bigints(adjustments.map(({ after }) => after.onHand)),
      bigints(adjustments.map(({ after }) => after.reserved)),
      texts(adjustments.map(({ after }) => after.name)),
      times(adjustments.map(({ after }) => after.updatedAt)),
      texts([...levels.keys()]),
      bigints([...levels.values()]),
    ],
  });
  const [row] = rows;
  if (!row || rows.length !== adjustments.length) throw new Error('an adjustment was not written');
  return row.created_at;
}

/** What an adjustment was made with under this key; a key that an adjustment knows is not free for another request. */
export async function findKeptFingerprint(q: Queryable, name: KeyName): Promise<Buffer | undefined> {
  return (await findAdjustment(q, name))?.fingerprint;
}

/** An adjustment that was made under a key, however long ago, and the product as it was right after it. */
export interface EarlierAdjustment {
  fingerprint: Buffer;
  product: Product;
}

/** The adjustment that was made under this key. */
export async function findAdjustment(q: Queryable, name: KeyName): Promise<EarlierAdjustment | undefined> {
  return (await findAdjustments(q, [name])).get(name.key);
}

/** By key, the adjustments that were made under these keys of one client. */
export async function findAdjustments(
  q: Queryable,
  names: readonly KeyName[],
): Promise<Map<string, EarlierAdjustment>> {
  const { rows } = await q.query<StockAdjustmentRow & { product_created_at: Date }>(
    /* sql */ `
    SELECT a.*, p.created_at AS product_created_at FROM stock_adjustments a JOIN products p USING (sku)
    WHERE a.client_id = $1 AND a.idempotency_key = ANY ($2::text[])`,
    [names[0]?.clientId, texts(names.map(({ key }) => key))],
  );
  return new Map(rows.map((row) => [row.idempotency_key, toEarlierAdjustment(row)]));
}

function toEarlierAdjustment(row: StockAdjustmentRow & { product_created_at: Date }): EarlierAdjustment {
  const product = {
    sku: row.sku,
    name: row.product_name,
    onHand: Number(row.on_hand_after),
    reserved: Number(row.reserved_after),
    createdAt: row.product_created_at,
    updatedAt: row.product_updated_at,
  };
  return { fingerprint: row.fingerprint, product };
}

/** A movement in the ledger. */
export interface LedgerEntry extends StockMovement {
  id: string;
  actor: string;
  at: Date;
  /** Of an adjustment. */
  reason?: string;
}

/** The movements of a product, newest first, from before `before`. */
export async function listMovements(
  q: Queryable,
  { sku, before, limit }: { sku: string; before?: string; limit: number },
): Promise<LedgerEntry[]> {
  const { rows } = await q.query<StockMovementRow & { reason: string | null }>(
    /* sql */ `
    SELECT id, sku, kind, delta_on_hand, delta_reserved, cause_id, actor, at, (
      SELECT a.reason FROM stock_adjustments a WHERE a.id = cause_id AND kind = 'adjusted'
    ) AS reason
    FROM stock_movements
    WHERE sku = $1 AND id < coalesce($2::bigint, 9223372036854775807) ORDER BY id DESC LIMIT $3`,
    [sku, before ?? null, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    sku: row.sku,
    kind: row.kind,
    deltaOnHand: Number(row.delta_on_hand),
    deltaReserved: Number(row.delta_reserved),
    causeId: row.cause_id,
    actor: row.actor,
    at: row.at,
    reason: row.reason ?? undefined,
  }));
}
