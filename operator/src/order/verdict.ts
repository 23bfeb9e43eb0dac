import type { OrderStatus, Reservation } from '../../../clients/typescript/src/index.ts';
import type { Story, Wait } from './story.ts';

/** The state of an order: `good` needs nothing, `waiting` resolves by itself, `attention` needs a person. */
export interface Verdict {
  mood: 'good' | 'waiting' | 'attention';
  text: string;
}

type ReservationSide = Reservation['state'] | 'none';

const good = (text: string): Verdict => ({ mood: 'good', text });
const waiting = (text: string): Verdict => ({ mood: 'waiting', text });
const attention = (text: string): Verdict => ({ mood: 'attention', text });

const nothingHeld = attention('It should have stock, but inventory-service holds none for it: run a reconciliation.');
const soldUnshipped = attention('Its units have left the stock, although it was not shipped: run a reconciliation.');
const released = good('No stock is held for it.');
const releasing = waiting('Its units are still held: the release is sent again until inventory-service replies.');
const left = good('Its units have left the stock.');
const leaving = waiting('Its units still count as held: the fulfilment is sent again until inventory-service replies.');

/** The meaning of each pair of states, considering that messages may be on their way. */
const verdicts: Record<OrderStatus, Record<ReservationSide, Verdict>> = {
  pending: {
    none: waiting('Its stock is not decided: inventory-service is asked again until it replies.'),
    held: waiting('Its stock is held; the reply to order-service is on its way.'),
    rejected: waiting('inventory-service refused it; the reply to order-service is on its way.'),
    released: attention('Its reservation was released, although it was not cancelled: run a reconciliation.'),
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
  release: 'Unknown whether its units were released:',
  fulfilment: 'Unknown whether its units have left the stock:',
};

/** The most important fact about an order. */
export function verdictOn({ order, reservation, wait, deadLetters, mismatches, unanswered }: Story): Verdict {
  const open = deadLetters.filter(({ status }) => status === 'open').length;
  if (open > 0)
    return attention(`${open === 1 ? 'A message' : `${open} messages`} of this order could not be handled.`);
  if (mismatches.length > 0) return attention('The last reconciliation found a mismatch.');
  if (unanswered.some(({ about }) => about === 'reservation')) {
    return waiting(
      wait
        ? `${missing[wait.awaiting]} inventory-service does not respond and is asked again until it does.`
        : 'Its reservation is unknown: inventory-service does not respond.',
    );
  }
  return verdicts[order.status][reservation?.state ?? 'none'];
}
