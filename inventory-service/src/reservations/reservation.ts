import { orderBy } from '@shop/chassis/reliable/order-by.ts';

/**
 * The states of a reservation. It never expires and its row is never deleted, so the same id always gets the same response.
 *
 *   (unknown) -> held        there is enough stock for every line
 *   (unknown) -> rejected    a line lacks stock; nothing is held
 *   (unknown) -> released    a tombstone: the release overtook the request, which will be refused
 *   held      -> fulfilled   the order was shipped
 *   held      -> released    the order was cancelled
 */

export type ReservationState = 'held' | 'fulfilled' | 'released' | 'rejected';

/** The possible first states. */
export const firstStates = ['held', 'rejected', 'released'] as const satisfies readonly ReservationState[];

export const transitions = {
  /** Set by `hold`; its units are in `reserved`. */
  held: ['fulfilled', 'released'],
  /** Set by `fulfil`; its units have left `on_hand` and `reserved`. */
  fulfilled: [],
  /** Set by `release`; holds nothing. Final. */
  released: [],
  /** Set by `hold`; holds nothing, and stores which lines lacked stock. */
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
  /** Present if it was rejected. */
  shortages?: readonly Shortage[];
}

/** Merge the lines of each SKU, in byte order of the SKUs. */
export function mergeLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity })).sort(orderBy(({ sku }) => sku));
}

export type HoldOutcome =
  | { kind: 'held' }
  | { kind: 'rejected'; shortages: readonly Shortage[] }
  /** It was released before: requests with this id are refused. */
  | { kind: 'released' }
  /** The id exists with other lines; nothing changed. */
  | { kind: 'conflict' };

/** `undecided`: a stock level was locked for too long. Nothing was done; retry. */
export type HoldResult = HoldOutcome | { kind: 'undecided' };

/** The outcome for a known id. A fulfilled reservation is reported as held, because it was. */
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
  /** The state machine does not allow it: it needs an operator. */
  | { kind: 'refused'; reason: string };

/** The result of `release` or `fulfil`: the new state, if it changes, and the reply. */
export interface Ending {
  becomes?: 'released' | 'fulfilled';
  outcome: EndOutcome;
}

/** Release a reservation, or insert a tombstone. A reservation that holds nothing is already released. */
export function release(known: Reservation | undefined): Ending {
  if (known?.state === 'fulfilled') return { outcome: { kind: 'refused', reason: 'release-of-fulfilled' } };
  if (known === undefined || known.state === 'held') return { becomes: 'released', outcome: { kind: 'released' } };
  return { outcome: { kind: 'released' } };
}

/** Fulfil a held reservation. Others have no units to remove. */
export function fulfil(known: Reservation | undefined): Ending {
  if (known?.state === 'held') return { becomes: 'fulfilled', outcome: { kind: 'fulfilled' } };
  if (known?.state === 'fulfilled') return { outcome: { kind: 'fulfilled' } };
  return { outcome: { kind: 'refused', reason: `fulfil-of-${known?.state ?? 'unknown'}` } };
}
