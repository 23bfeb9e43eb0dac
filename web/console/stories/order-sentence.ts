/** What happened to an order, in a sentence or two. Pure: everything it knows comes in, so that its tests are its documentation. */
import type { Order, Reservation, Shortage, TimelineEntry } from '@shop/client';
import { duration } from '../../shared/components/time-text.ts';
import type { Words } from '../../shared/words/words.ts';

export interface OrderStory {
  order: Order;
  /** Oldest first. */
  timeline: readonly TimelineEntry[];
  /** Not known if inventory-service does not answer, or the person may not see it. */
  reservation?: Reservation | undefined;
}

/** The story in short, in one language. `now` is only used while the order waits. */
export function orderSentence(story: OrderStory, words: Words['orders'], now: number): string {
  const replays = story.timeline.reduce((sum, { replays = 0 }) => sum + replays, 0);
  return [mainSentence(story, words, now), ...(replays > 0 ? [words.sayRepeated(replays)] : [])].join(' ');
}

function mainSentence({ order, timeline, reservation }: OrderStory, words: Words['orders'], now: number): string {
  const placedAt = Date.parse(order.createdAt);
  const entry = (type: TimelineEntry['type']) => timeline.findLast((one) => one.type === type);
  const sincePlaced = (at: string | undefined) => duration(Date.parse(at ?? order.updatedAt) - placedAt);
  switch (order.status) {
    case 'pending':
      return words.sayWaiting(duration(now - placedAt));
    case 'confirmed': {
      const took = sincePlaced(entry('confirmed')?.at);
      return entry('queued') === undefined ? words.sayConfirmed(took) : words.sayWaitedAndConfirmed(took);
    }
    case 'rejected':
      return words.sayRejected((order.rejection?.lines ?? []).map((line) => shortageText(line, words)).join('; '));
    case 'cancelled':
      return cancelledSentence(entry('cancelled'), entry('confirmed'), order, reservation, words);
    case 'shipped':
      return words.sayShipped(order.shipment?.carrier ?? '', sincePlaced(entry('shipped')?.at));
    case 'delivered':
      return words.sayDelivered(sincePlaced(entry('delivered')?.at));
    default:
      return words.sayOther(order.status);
  }
}

function cancelledSentence(
  cancelled: TimelineEntry | undefined,
  confirmed: TimelineEntry | undefined,
  order: Order,
  reservation: Reservation | undefined,
  words: Words['orders'],
): string {
  const who = actorText(cancelled?.actor ?? order.clientId, words);
  const at = Date.parse(cancelled?.at ?? order.updatedAt);
  const first =
    confirmed === undefined
      ? words.sayCancelled(who, duration(at - Date.parse(order.createdAt)))
      : words.sayCancelledAfterConfirmation(who, duration(at - Date.parse(confirmed.at)));
  if (reservation?.state === 'released') return `${first} ${words.sayStockIsBack}`;
  return reservation?.state === 'held' ? `${first} ${words.sayStockIsComing}` : first;
}

/** “3 of MUG-BLUE wanted, 1 left” */
export function shortageText({ sku, requested, available, reason }: Shortage, words: Words['orders']): string {
  return reason === 'unknown-sku' ? words.unknownSku(sku) : words.shortOf(sku, requested, available);
}

/** Who did it: a service, a client, or a person with the kind of account. */
export function actorText(actor: string, words: Words['orders']): string {
  const [, kind, id] = /^(staff|shopper):(.+)$/.exec(actor) ?? [];
  if (kind === undefined || id === undefined) return actor;
  const short = id.slice(-8);
  return kind === 'staff' ? words.byStaff(short) : words.byShopper(short);
}
