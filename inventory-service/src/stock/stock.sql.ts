import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
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

/** A stored adjustment. */
export interface StoredAdjustment {
  id: string;
  sku: string;
  delta: number;
  reason: string;
  clientId: string;
  key: string;
  fingerprint: Buffer;
}

/** Insert an adjustment and its movement, and update the level, which the caller has locked. */
export async function saveAdjustment(trx: Transaction, adjustment: StoredAdjustment, after: Product): Promise<Date> {
  const { id, sku, delta, reason, clientId, key, fingerprint } = adjustment;
  const { rows } = await trx.query<{ created_at: Date }>(
    /* sql */ `
    WITH level AS (
      UPDATE stock_levels SET on_hand = $8 WHERE sku = $2
    ), movement AS (
      INSERT INTO stock_movements (sku, kind, delta_on_hand, delta_reserved, cause_id, actor)
      VALUES ($2, 'adjusted', $3, 0, $1, $5)
    )
    INSERT INTO stock_adjustments (id, sku, delta, reason, client_id, idempotency_key, fingerprint,
      on_hand_after, reserved_after, product_name, product_updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    RETURNING created_at`,
    [id, sku, delta, reason, clientId, key, fingerprint, after.onHand, after.reserved, after.name, after.updatedAt],
  );
  const row = rows[0];
  if (!row) throw new Error('an adjustment was not written');
  return row.created_at;
}

/** The fingerprint of the adjustment made under this key: the key stays reserved for that request. */
export async function findKeptFingerprint(
  q: Queryable,
  { clientId, key }: { clientId: string; key: string },
): Promise<Buffer | undefined> {
  return (await findAdjustment(q, clientId, key))?.fingerprint;
}

/** The adjustment made under a key, and the product right after it. */
export async function findAdjustment(
  q: Queryable,
  clientId: string,
  key: string,
): Promise<{ fingerprint: Buffer; product: Product } | undefined> {
  const { rows } = await q.query<StockAdjustmentRow & { product_created_at: Date }>(
    /* sql */ `
    SELECT a.*, p.created_at AS product_created_at FROM stock_adjustments a JOIN products p USING (sku)
    WHERE a.client_id = $1 AND a.idempotency_key = $2`,
    [clientId, key],
  );
  const row = rows[0];
  if (!row) return undefined;
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
}

/** The movements of a product, newest first, from before `before`. */
export async function listMovements(
  q: Queryable,
  { sku, before, limit }: { sku: string; before?: string; limit: number },
): Promise<LedgerEntry[]> {
  const { rows } = await q.query<StockMovementRow>(
    /* sql */ `
    SELECT id, sku, kind, delta_on_hand, delta_reserved, cause_id, actor, at FROM stock_movements
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
  }));
}
