/* Rows as PostgreSQL gives them: snake_case, null, and bigint as text. What reads them turns them into our types. */

export interface ProductRow {
  sku: string;
  name: string;
  created_at: Date;
  updated_at: Date;
}

export interface StockLevelRow {
  sku: string;
  on_hand: string;
  reserved: string;
}

export interface StockMovementRow {
  id: string;
  sku: string;
  kind: 'adjusted' | 'held' | 'released' | 'fulfilled';
  delta_on_hand: string;
  delta_reserved: string;
  cause_id: string;
  actor: string;
  at: Date;
}

export interface StockAdjustmentRow {
  id: string;
  sku: string;
  delta: string;
  reason: string;
  client_id: string;
  idempotency_key: string;
  fingerprint: Buffer;
  product_name: string;
  product_updated_at: Date;
  on_hand_after: string;
  reserved_after: string;
  created_at: Date;
}

export interface ReservationRow {
  id: string;
  state: 'held' | 'fulfilled' | 'released' | 'rejected';
  shortages:
    | { sku: string; requested: number; available: number; reason: 'unknown-sku' | 'insufficient-stock' }[]
    | null;
  created_at: Date;
  updated_at: Date;
}
