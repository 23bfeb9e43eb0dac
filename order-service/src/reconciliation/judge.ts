import type { Mismatch } from '@shop/chassis/operations/reconciliation/run.ts';
import type { OrderStatus } from '../orders/order.ts';

/** How an order stands; `unknown` for a reservation's id that is no order's. */
export type OrderSide = OrderStatus | 'unknown';

/** How its reservation stands; `none` when inventory-service never heard of it. */
export type ReservationSide = 'held' | 'fulfilled' | 'released' | 'rejected' | 'none';

/** Every kind of mismatch between an order and its reservation. */
export const mismatchKinds = [
  'release-missing',
  'fulfilment-missing',
  'reservation-missing',
  'fulfilled-unshipped',
  'released-while-pending',
  'order-unknown',
] as const;
export type MismatchKind = (typeof mismatchKinds)[number];

/**
 * What each pair of states means, when both are of one instant and no command is on its way. Two things make most cells:
 *
 *   - A reservation holds stock for an order that is `confirmed`, or `pending` and not told yet. So a `held` one of a
 *     final order was not released or not fulfilled, and whatever is not `held` leaves a confirmed order without stock.
 *   - `none` and `rejected` hold nothing, as `released` does; to an order that needs nothing, they are all the same.
 */
export const verdicts = {
  pending: {
    // The completer asks until inventory-service has decided, and its answer settles the order.
    none: 'agrees',
    held: 'agrees',
    rejected: 'agrees',
    // Only a cancellation makes a tombstone: the order can never be told to be confirmed or rejected.
    released: 'released-while-pending',
    fulfilled: 'fulfilled-unshipped',
  },
  confirmed: {
    none: 'reservation-missing',
    held: 'agrees',
    rejected: 'reservation-missing',
    released: 'reservation-missing',
    fulfilled: 'fulfilled-unshipped',
  },
  rejected: {
    none: 'agrees',
    held: 'release-missing',
    rejected: 'agrees',
    released: 'agrees',
    fulfilled: 'fulfilled-unshipped',
  },
  cancelled: {
    none: 'agrees',
    held: 'release-missing',
    rejected: 'agrees',
    released: 'agrees',
    fulfilled: 'fulfilled-unshipped',
  },
  shipped: {
    none: 'reservation-missing',
    held: 'fulfilment-missing',
    rejected: 'reservation-missing',
    released: 'reservation-missing',
    fulfilled: 'agrees',
  },
  delivered: {
    none: 'reservation-missing',
    held: 'fulfilment-missing',
    rejected: 'reservation-missing',
    released: 'reservation-missing',
    fulfilled: 'agrees',
  },
  unknown: {
    none: 'agrees',
    held: 'order-unknown',
    rejected: 'agrees',
    released: 'agrees',
    // Its units have left the stock for an order that nobody knows.
    fulfilled: 'order-unknown',
  },
} as const satisfies Record<OrderSide, Record<ReservationSide, 'agrees' | MismatchKind>>;

/** The command whose answer the order waits for. */
export type CommandSide =
  | 'none'
  /** Sent lately, or still in the outbox: that the two differ is how it should be. */
  | 'under-way'
  /** Sent again and again. */
  | 'unanswered';

export interface Pair {
  id: string;
  order: OrderSide;
  reservation: ReservationSide;
  command: CommandSide;
}

/** The mismatch in a pair; or that it agrees, or that it will when its command has arrived. */
export function judge({ order, reservation, command }: Omit<Pair, 'id'>): 'agrees' | 'under-way' | MismatchKind {
  const verdict = verdicts[order][reservation];
  return isLostCommand(verdict) && command === 'under-way' ? 'under-way' : verdict;
}

/**
 * Whether it is provably safe to write a command again. A release or a fulfil: an order in such a state never needs its
 * reservation back.
 */
export function isRepairable(pair: Pair): boolean {
  return pair.command === 'none' && isLostCommand(judge(pair));
}

/**
 * Whether the reservation may be asked for once more: inventory-service held it once, or the order would not be where it
 * is, and now has no row of it, so its database is older than ours. Until it is held again, others can buy its units.
 * Whatever else the order waits for, this has to come first.
 */
export function isForgotten(pair: Pair): boolean {
  return judge(pair) === 'reservation-missing' && pair.reservation === 'none';
}

/** Whether nothing is left to happen between the two. What becomes of a shipped order changes no stock any more. */
export function isClosed(pair: Pair): boolean {
  if (pair.order === 'pending' || pair.order === 'confirmed' || pair.reservation === 'held') return false;
  return pair.command === 'none' && judge(pair) === 'agrees';
}

function isLostCommand(verdict: string): boolean {
  return verdict === 'release-missing' || verdict === 'fulfilment-missing';
}

const EXPECTED = {
  pending: 'held',
  confirmed: 'held',
  rejected: 'rejected',
  cancelled: 'released',
  shipped: 'fulfilled',
  delivered: 'fulfilled',
  unknown: 'none',
} as const satisfies Record<OrderSide, ReservationSide>;

const PROPOSALS = {
  'reservation-missing':
    'inventory-service has lost what it had answered; perhaps its database was restored. Cancel the order and place it ' +
    'anew; if it was shipped already, take its units out of the stock by an adjustment.',
  'reservation-released':
    'Its stock was given back, as only a cancellation does: perhaps it was cancelled, and the database of order-service ' +
    'was restored to an earlier time. Do not ship it; cancel it again.',
  'fulfilled-unshipped':
    'Its units have left the stock. If the parcel went out and the order is confirmed, ship it: the stock will not ' +
    'change again. If not, put the units back by an adjustment.',
  'released-while-pending':
    'Its stock was given back, so it can never be confirmed. Cancel it; its client has to place another.',
  'order-unknown':
    'If the database of order-service was restored from a backup, look for the order there first. Only when there is ' +
    'none, give the units back: publish a reservation.release with this id (if it is fulfilled: an adjustment).',
} as const satisfies Record<
  Exclude<MismatchKind, 'release-missing' | 'fulfilment-missing'> | 'reservation-released',
  string
>;

/** The pair as a mismatch for people; `repaired` when its command was written again. */
export function toMismatch(pair: Pair, kind: MismatchKind, repaired: boolean): Mismatch {
  return {
    kind,
    subject: pair.id,
    expected: EXPECTED[pair.order],
    found: pair.reservation,
    because: pair.order === 'unknown' ? 'There is no such order.' : `The order is ${pair.order}.`,
    proposal: proposalFor(pair, kind, repaired),
    repaired,
  };
}

function proposalFor(pair: Pair, kind: MismatchKind, repaired: boolean): string {
  if (kind === 'reservation-missing') {
    if (repaired)
      return 'Nothing: it is asked for again. If its stock is gone, the next run says that it was rejected.';
    return PROPOSALS[pair.reservation === 'released' ? 'reservation-released' : kind];
  }
  if (kind !== 'release-missing' && kind !== 'fulfilment-missing') return PROPOSALS[kind];
  const command = kind === 'release-missing' ? 'reservation.release' : 'reservation.fulfil';
  if (repaired) return `Nothing: the ${command} was written again, and is repeated until it is answered.`;
  if (pair.command === 'unanswered') {
    return `The ${command} is repeated, and not answered: look for it among the dead letters of inventory-service, and replay it when its cause is gone.`;
  }
  return `Nothing: it changed while it was looked at; the next run looks again.`;
}
