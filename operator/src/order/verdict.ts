import type { OrderStatus, Reservation, Story, Wait } from './story.ts';

/** How an order stands: `good` needs nobody, `waiting` settles by itself, `attention` needs a person. */
export interface Verdict {
  mood: 'good' | 'waiting' | 'attention';
  text: string;
}

type ReservationSide = Reservation['state'] | 'none';

const good = (text: string): Verdict => ({ mood: 'good', text });
const waiting = (text: string): Verdict => ({ mood: 'waiting', text });
const attention = (text: string): Verdict => ({ mood: 'attention', text });

const nothingHeld = attention('It should have stock, and inventory-service holds none for it: reconcile.');
const soldUnshipped = attention('Its units have left the stock, though it was not shipped: reconcile.');
const released = good('Nothing is held for it.');
const releasing = waiting('Its units are still held: their release is sent until it is answered.');
const left = good('Its units have left the stock.');
const leaving = waiting('Its units still count as held: their leaving is told until it is answered.');

/** What each pair of states means to whoever looks at it now, when messages may be on their way. */
const verdicts: Record<OrderStatus, Record<ReservationSide, Verdict>> = {
  pending: {
    none: waiting('Its stock is not decided: inventory-service is asked again until it answers.'),
    held: waiting('Its stock is held; order-service is being told.'),
    rejected: waiting('inventory-service refused it; order-service is being told.'),
    released: attention('Its reservation was released, though nobody cancelled it: reconcile.'),
    fulfilled: soldUnshipped,
  },
  confirmed: {
    none: nothingHeld,
    held: good('Its stock is held until it is shipped or cancelled.'),
    rejected: nothingHeld,
    released: nothingHeld,
    fulfilled: soldUnshipped,
  },
  rejected: { none: released, held: releasing, rejected: released, released, fulfilled: soldUnshipped },
  cancelled: { none: released, held: releasing, rejected: released, released, fulfilled: soldUnshipped },
  shipped: { none: nothingHeld, held: leaving, rejected: nothingHeld, released: nothingHeld, fulfilled: left },
  delivered: { none: nothingHeld, held: leaving, rejected: nothingHeld, released: nothingHeld, fulfilled: left },
};

const missing: Record<Wait['awaiting'], string> = {
  reservation: 'Its stock is not decided:',
  release: 'It is not known whether its units were released:',
  fulfilment: 'It is not known whether its units have left the stock:',
};

/** What a person has to know first of an order. */
export function verdictOn({ order, reservation, wait, deadLetters, mismatches, unanswered }: Story): Verdict {
  const open = deadLetters.filter(({ status }) => status === 'open').length;
  if (open > 0) return attention(`${open === 1 ? 'A message' : `${open} messages`} of it could not be handled.`);
  if (mismatches.length > 0) return attention('The last reconciliation found something wrong with it.');
  if (unanswered.some(({ about }) => about === 'reservation')) {
    return waiting(
      wait
        ? `${missing[wait.awaiting]} inventory-service does not answer now, and is asked again until it does.`
        : 'Its reservation is unknown: inventory-service does not answer now.',
    );
  }
  return verdicts[order.status][reservation?.state ?? 'none'];
}
