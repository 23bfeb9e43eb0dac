/** Units of one product. `available` is computed, never stored. */
export interface StockLevel {
  sku: string;
  /** Units physically in stock. */
  onHand: number;
  /** Of these, units in held reservations. */
  reserved: number;
}

/** A change of a stock level in the ledger. */
export interface StockMovement {
  sku: string;
  kind: 'adjusted' | 'held' | 'released' | 'fulfilled';
  deltaOnHand: number;
  deltaReserved: number;
  /** Id of the reservation or the adjustment. */
  causeId: string;
}

// JSON parsers may round integers above 2^53 - 1. The schema has the same limit.
export const MAX_ON_HAND = Number.MAX_SAFE_INTEGER;

/** Units that can still be reserved or removed. */
export function available(level: StockLevel): number {
  return level.onHand - level.reserved;
}

/** Reserve units; the caller has checked that they are available. */
export function hold(level: StockLevel, quantity: number): StockLevel {
  return { ...level, reserved: level.reserved + quantity };
}

/** Release the units of a held reservation. */
export function giveBack(level: StockLevel, quantity: number): StockLevel {
  return { ...level, reserved: level.reserved - quantity };
}

/** Remove the units of a held reservation from the stock. */
export function takeOut(level: StockLevel, quantity: number): StockLevel {
  return { ...level, onHand: level.onHand - quantity, reserved: level.reserved - quantity };
}

export type Adjustment =
  | { kind: 'adjusted'; level: StockLevel }
  | { kind: 'insufficient-stock'; available: number }
  | { kind: 'beyond-limit' };

/** Add or remove units other than by an order. Reserved units cannot be removed. */
export function adjust(level: StockLevel, delta: number): Adjustment {
  // Compared without adding, so that no sum exceeds the safe integers.
  if (delta > MAX_ON_HAND - level.onHand) return { kind: 'beyond-limit' };
  if (-delta > available(level)) return { kind: 'insufficient-stock', available: available(level) };
  return { kind: 'adjusted', level: { ...level, onHand: level.onHand + delta } };
}

export type Counting = Adjustment | { kind: 'unchanged' } | { kind: 'stock-changed' };

/** The units on hand were counted. The count stands only for the level that the person saw: `expected` units on hand. */
export function count(level: StockLevel, { counted, expected }: { counted: number; expected: number }): Counting {
  if (level.onHand !== expected) return { kind: 'stock-changed' };
  return counted === expected ? { kind: 'unchanged' } : adjust(level, counted - expected);
}

/** Whether the last available unit was used up between the two states. */
export function isDepletion(before: StockLevel, after: StockLevel): boolean {
  return available(before) > 0 && available(after) === 0;
}
