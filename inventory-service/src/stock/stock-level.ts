/** Units of one product. `available` is computed and never kept. */
export interface StockLevel {
  sku: string;
  /** Units physically in stock. */
  onHand: number;
  /** Of these, units in held reservations. */
  reserved: number;
}

/** What happened to a stock level, as the ledger tells it. */
export interface StockMovement {
  sku: string;
  kind: 'adjusted' | 'held' | 'released' | 'fulfilled';
  deltaOnHand: number;
  deltaReserved: number;
  /** The reservation's id, or the adjustment's. */
  causeId: string;
}

// Beyond 2^53 - 1 a JSON reader may round; the schema has the same limit.
export const MAX_ON_HAND = Number.MAX_SAFE_INTEGER;

/** Units that can still be reserved or taken away. */
export function available(level: StockLevel): number {
  return level.onHand - level.reserved;
}

/** Set units aside; the caller has seen that so many are available. */
export function hold(level: StockLevel, quantity: number): StockLevel {
  return { ...level, reserved: level.reserved + quantity };
}

/** Give units of a held reservation back. */
export function giveBack(level: StockLevel, quantity: number): StockLevel {
  return { ...level, reserved: level.reserved - quantity };
}

/** Units of a held reservation leave the house. */
export function takeOut(level: StockLevel, quantity: number): StockLevel {
  return { ...level, onHand: level.onHand - quantity, reserved: level.reserved - quantity };
}

export type Adjustment =
  | { kind: 'adjusted'; level: StockLevel }
  | { kind: 'insufficient-stock'; available: number }
  | { kind: 'beyond-limit' };

/** Units came, or went by another way than an order. Those that are reserved cannot go. */
export function adjust(level: StockLevel, delta: number): Adjustment {
  // Compared this way round, no sum can leave the safe integers.
  if (delta > MAX_ON_HAND - level.onHand) return { kind: 'beyond-limit' };
  if (-delta > available(level)) return { kind: 'insufficient-stock', available: available(level) };
  return { kind: 'adjusted', level: { ...level, onHand: level.onHand + delta } };
}

/** Whether the last available unit went between the two. */
export function isDepletion(before: StockLevel, after: StockLevel): boolean {
  return available(before) > 0 && available(after) === 0;
}
