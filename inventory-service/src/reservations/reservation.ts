import { orderBy } from '@shop/chassis/reliable/order-by.ts';

/**
 * The states of a reservation. It never expires and its row never goes away, so the same id always gets the same answer.
 *
 *   (unknown) -> held        every line fits
 *   (unknown) -> rejected    some line does not; nothing is held
 *   (unknown) -> released    a tombstone: the release overtook the request, which will be refused
 *   held      -> fulfilled   the order was shipped
 *   held      -> released    the order was cancelled
 */

export type ReservationState = 'held' | 'fulfilled' | 'released' | 'rejected';

/** Where a reservation can begin. */
export const firstStates = ['held', 'rejected', 'released'] as const satisfies readonly ReservationState[];

export const transitions = {
  /** Set by `hold`; its units are in `reserved`. */
  held: ['fulfilled', 'released'],
  /** Set by `fulfil`; its units have left `on_hand` and `reserved`. */
  fulfilled: [],
  /** Set by `release`; holds nothing, and never will. */
  released: [],
  /** Set by `hold`; holds nothing and says which lines lacked stock. */
  rejected: [],
} as const satisfies Record<ReservationState, readonly ReservationState[]>;

/** Units of one product; a reservation has at most one line per SKU. */
export interface Line {
  sku: string;
  quantity: number;
}

/** Why a line could not be held. */
export interface Shortage {
  sku: string;
  requested: number;
  /** 0 for an unknown SKU. */
  available: number;
  reason: 'unknown-sku' | 'insufficient-stock';
}

export interface Reservation {
  id: string;
  state: ReservationState;
  /** In byte order of their SKUs; none for a tombstone. */
  lines: readonly Line[];
  /** Present if and only if it was rejected. */
  shortages?: readonly Shortage[];
}

/** The lines with those of one SKU summed, in byte order of the SKUs. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort(orderBy(({ sku }) => sku));
}

export type HoldOutcome =
  | { kind: 'held' }
  | { kind: 'rejected'; shortages: readonly Shortage[] }
  /** It was released before: whatever is asked for under this id is refused. */
  | { kind: 'released' }
  /** The id is known with other lines; nothing changed. */
  | { kind: 'conflict' };

/** `undecided`: a row of its stock was locked for too long. Nothing was done; ask again. */
export type HoldResult = HoldOutcome | { kind: 'undecided' };

/** Asked again for an id that is known: what became of it. A fulfilled one is reported as held, for it was. */
export function repeatHold(known: Reservation, lines: readonly Line[]): HoldOutcome {
  if (known.state === 'released') return { kind: 'released' };
  if (!sameLines(known.lines, lines)) return { kind: 'conflict' };
  if (known.state === 'rejected') return { kind: 'rejected', shortages: known.shortages ?? [] };
  return { kind: 'held' };
}

function sameLines(a: readonly Line[], b: readonly Line[]): boolean {
  return (
    a.length === b.length && a.every(({ sku, quantity }, at) => sku === b[at]?.sku && quantity === b[at]?.quantity)
  );
}

export type EndOutcome =
  | { kind: 'released' | 'fulfilled' }
  /** Against the state machine: a person has to look at it. */
  | { kind: 'refused'; reason: string };

/** What `release` or `fulfil` does to a reservation, and what to answer; without `becomes` nothing changes. */
export interface Ending {
  becomes?: 'released' | 'fulfilled';
  outcome: EndOutcome;
}

/** Give it back, or refuse it in advance. What holds nothing is released already. */
export function release(known: Reservation | undefined): Ending {
  if (known?.state === 'fulfilled') return { outcome: { kind: 'refused', reason: 'release-of-fulfilled' } };
  if (known === undefined || known.state === 'held') return { becomes: 'released', outcome: { kind: 'released' } };
  return { outcome: { kind: 'released' } };
}

/** Let the units of a held one go; whatever else has no units to go. */
export function fulfil(known: Reservation | undefined): Ending {
  if (known?.state === 'held') return { becomes: 'fulfilled', outcome: { kind: 'fulfilled' } };
  if (known?.state === 'fulfilled') return { outcome: { kind: 'fulfilled' } };
  return { outcome: { kind: 'refused', reason: `fulfil-of-${known?.state ?? 'unknown'}` } };
}
