import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import { texts } from '@shop/chassis/reliable/postgres/arrays.ts';
import type { ProductRow, StockLevelRow } from '../db/tables.ts';
import { HOLDS_ROWS_BRIEFLY, type Locked } from '../stock/row-locks.ts';
import type { Product } from './product.ts';

type ProductWithStockRow = ProductRow & StockLevelRow;

const SELECT_PRODUCTS = /* sql */ `
  SELECT p.sku, p.name, p.created_at, p.updated_at, l.on_hand, l.reserved
  FROM products p JOIN stock_levels l USING (sku)`;

/** Create a product without stock; undefined if its SKU is taken. */
export async function insertProduct(trx: Transaction, sku: string, name: string): Promise<Product | undefined> {
  const { rows } = await trx.query<ProductWithStockRow>(
    /* sql */ `
    WITH product AS (
      INSERT INTO products (sku, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING *
    ), level AS (
      INSERT INTO stock_levels (sku) SELECT sku FROM product RETURNING *
    )
    SELECT product.*, level.on_hand, level.reserved FROM product JOIN level USING (sku)`,
    [sku, name],
  );
  return rows[0] && toProduct(rows[0]);
}

/** Rename a product; undefined if it does not exist. */
export async function renameProduct(trx: Transaction, sku: string, name: string): Promise<Product | undefined> {
  const { rows } = await trx.query<ProductWithStockRow>(
    /* sql */ `
    UPDATE products p SET name = $2, updated_at = CASE WHEN p.name = $2 THEN p.updated_at ELSE now() END
    FROM stock_levels l
    WHERE p.sku = $1 AND l.sku = p.sku
    RETURNING p.*, l.on_hand, l.reserved`,
    [sku, name],
  );
  return rows[0] && toProduct(rows[0]);
}

/** A product with its current stock. */
export async function findProduct(q: Queryable, sku: string): Promise<Product | undefined> {
  const { rows } = await q.query<ProductWithStockRow>(`${SELECT_PRODUCTS} WHERE p.sku = $1`, [sku]);
  return rows[0] && toProduct(rows[0]);
}

/** Read a product, and lock its stock level until the end of the transaction. */
export async function lockProduct(trx: Transaction, sku: string): Promise<Product | undefined> {
  const { rows } = await trx.query<ProductWithStockRow>(
    `${SELECT_PRODUCTS} WHERE p.sku = $1 AND ${HOLDS_ROWS_BRIEFLY} FOR UPDATE OF l`,
    [sku],
  );
  return rows[0] && toProduct(rows[0]);
}

/**
 * Products whose stock levels nobody else changes until this transaction ends; the SKUs without one are absent. Those that
 * another transaction keeps locked are passed over, or awaited.
 */
export async function lockProducts(trx: Transaction, skus: readonly string[], locked: Locked): Promise<Product[]> {
  // In the order of SKU, as every writer locks them.
  const { rows } = await trx.query<ProductWithStockRow>({
    name: `products-lock-${locked}`,
    text: /* sql */ `
      ${SELECT_PRODUCTS}
      WHERE p.sku = ANY ($1::text[]) AND ${HOLDS_ROWS_BRIEFLY}
      ORDER BY p.sku FOR UPDATE OF l ${locked === 'awaited' ? '' : 'SKIP LOCKED'}`,
    values: [texts(skus)],
  });
  return rows.map(toProduct);
}

/** Products in byte order of their SKUs, from after `after`; only the one with `sku`, if it is given. */
export async function listProducts(
  q: Queryable,
  { after, sku, limit }: { after?: string; sku?: string; limit: number },
): Promise<Product[]> {
  const { rows } = await q.query<ProductWithStockRow>(
    `${SELECT_PRODUCTS} WHERE p.sku > $1 AND ($2::text IS NULL OR p.sku = $2) ORDER BY p.sku LIMIT $3`,
    [after ?? '', sku ?? null, limit],
  );
  return rows.map(toProduct);
}

/** Products with the fewest available units first, then in byte order of their SKUs, from after `after`. */
export async function listByAvailable(
  q: Queryable,
  { after, sku, limit }: { after: { units?: string; sku?: string }; sku?: string; limit: number },
): Promise<Product[]> {
  // An index on the available units would be written by every reservation, which no index is now (HOT).
  const { rows } = await q.query<ProductWithStockRow>(
    /* sql */ `
    WITH l AS MATERIALIZED (
      SELECT * FROM stock_levels
      WHERE (on_hand - reserved, sku) > ($1::bigint, $2::text) AND ($3::text IS NULL OR sku = $3)
      ORDER BY on_hand - reserved, sku LIMIT $4
    )
    SELECT p.sku, p.name, p.created_at, p.updated_at, l.on_hand, l.reserved
    FROM l JOIN products p USING (sku)
    ORDER BY l.on_hand - l.reserved, p.sku`,
    [after.units ?? -1, after.sku ?? '', sku ?? null, limit],
  );
  return rows.map(toProduct);
}

function toProduct(row: ProductWithStockRow): Product {
  return {
    sku: row.sku,
    name: row.name,
    onHand: Number(row.on_hand),
    reserved: Number(row.reserved),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
