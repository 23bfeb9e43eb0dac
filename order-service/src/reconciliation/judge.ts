import type { Mismatch } from '@shop/chassis/operations/reconciliation/run.ts';
import type { OrderStatus } from '../orders/order.ts';

/** The status of an order; `unknown` if no order has the reservation's id. */
export type OrderSide = OrderStatus | 'unknown';

/** The state of its reservation; `none` if inventory-service does not have it. */
export type ReservationSide = 'held' | 'fulfilled' | 'released' | 'rejected' | 'none';

/** All kinds of mismatch between an order and its reservation. */
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
 * The meaning of each pair of states, if both were read at the same instant and no command is in transit. Two rules explain most
 * cells:
 *
 *   - A reservation holds stock for an order that is `confirmed`, or still `pending`. So for a final order, a `held` reservation
 *     was not released or not fulfilled, and a confirmed order without a `held` reservation has no stock.
 *   - `none`, `rejected` and `released` hold nothing. For an order that needs no stock they are equivalent.
 */
export const verdicts = {
  pending: {
    // The completer repeats the request until inventory-service replies, and the reply decides the order.
    none: 'agrees',
    held: 'agrees',
    rejected: 'agrees',
    // Only a cancellation makes a tombstone: the order can never be confirmed or rejected.
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
    // Its units have left the stock for an unknown order.
    fulfilled: 'order-unknown',
  },
} as const satisfies Record<OrderSide, Record<ReservationSide, 'agrees' | MismatchKind>>;

/** The state of the command whose reply the order waits for. */
export type CommandSide =
  | 'none'
  /** Sent recently, or still in the outbox: a difference is expected. */
  | 'under-way'
  /** Repeated several times without a reply. */
  | 'unanswered';

export interface Pair {
  id: string;
  order: OrderSide;
  reservation: ReservationSide;
  command: CommandSide;
}

/** The mismatch of a pair; `agrees`, or `under-way` if it will agree once its command has been handled. */
export function judge({ order, reservation, command }: Omit<Pair, 'id'>): 'agrees' | 'under-way' | MismatchKind {
  const verdict = verdicts[order][reservation];
  return isLostCommand(verdict) && command === 'under-way' ? 'under-way' : verdict;
}

/**
 * Whether it is provably safe to send a command again. Only a release or a fulfil, because an order in such a state never needs
 * its reservation again.
 */
export function isRepairable(pair: Pair): boolean {
  return pair.command === 'none' && isLostCommand(judge(pair));
}

/**
 * Whether the reservation may be requested again: inventory-service once held it, as the order's status shows, and now has no
 * row, so its database was restored to an earlier time. Until it is held again, other orders can take its units. This has
 * priority over anything else that the order waits for.
 */
export function isForgotten(pair: Pair): boolean {
  return judge(pair) === 'reservation-missing' && pair.reservation === 'none';
}

/** Whether the pair is final. Later steps of a shipped order do not change the stock. */
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
    'inventory-service has lost the reservation; its database may have been restored. Cancel the order and place it ' +
    'again. If it has already been shipped, remove its units from the stock by an adjustment.',
  'reservation-released':
    'Its stock was released, which only a cancellation does. The order may have been cancelled, and the database of ' +
    'order-service restored to an earlier time. Do not ship it; cancel it again.',
  'fulfilled-unshipped':
    'Its units have left the stock. If the parcel was sent and the order is confirmed, ship it: the stock will not ' +
    'change again. Otherwise, add the units to the stock by an adjustment.',
  'released-while-pending':
    'Its stock was released, so it can never be confirmed. Cancel it; the client must place another order.',
  'order-unknown':
    'If the database of order-service was restored from a backup, look for the order there first. Only if it does not ' +
    'exist, release the units: publish a reservation.release with this id (or make an adjustment if it is fulfilled).',
} as const satisfies Record<
  Exclude<MismatchKind, 'release-missing' | 'fulfilment-missing'> | 'reservation-released',
  string
>;

/** The mismatch of a pair, for operators; `repaired` if its command was sent again. */
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
      return 'None needed: the reservation was requested again. If its stock is gone, the next run reports it as rejected.';
    return PROPOSALS[pair.reservation === 'released' ? 'reservation-released' : kind];
  }
  if (kind !== 'release-missing' && kind !== 'fulfilment-missing') return PROPOSALS[kind];
  const command = kind === 'release-missing' ? 'reservation.release' : 'reservation.fulfil';
  if (repaired) return `None needed: the ${command} was sent again, and is repeated until it is answered.`;
  if (pair.command === 'unanswered') {
    return `The ${command} is repeated, but not answered. Look for it in the dead letters of inventory-service, and replay it when the cause is fixed.`;
  }
  return 'None needed: it changed during the comparison. The next run checks it again.';
}
