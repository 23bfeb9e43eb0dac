/** The story of an order: everything that happened to it, in one column by time. Pure. */
import type { DeadLetter, Reservation, TimelineEntry } from '@shop/client';
import { duration } from '../../shared/components/time-text.ts';
import type { Words } from '../../shared/words/words.ts';
import { accountOfActor } from './accounts.ts';
import { actorText, type OrderStory, shortageText } from './order-sentence.ts';

export interface OrderEvent {
  key: string;
  at: string;
  /** Since the order was placed: `+0.4 s`. */
  offset: string;
  title: string;
  who?: string | undefined;
  /** The account of the person who did it. */
  account?: string | undefined;
  detail?: string | undefined;
  traceId?: string | undefined;
  mood: 'normal' | 'bad';
}

/** Oldest first. Times of two services may disagree by some milliseconds; what order-service says stays in its order. */
export function orderEvents(
  { order, timeline, reservation, deadLetters }: OrderStory & { deadLetters: readonly DeadLetter[] },
  words: Words['orders'],
): OrderEvent[] {
  const offset = (at: string) => {
    const ms = Date.parse(at) - Date.parse(order.createdAt);
    return ms <= 0 ? '' : `+${duration(ms)}`;
  };
  const events = [
    ...timeline.map((entry, index) => ofTimeline(entry, index, words)),
    ...(reservation === undefined ? [] : ofReservation(reservation, words)),
    ...deadLetters.flatMap((letter) => ofDeadLetter(letter, words)),
  ];
  return events.sort((a, b) => a.at.localeCompare(b.at)).map((event) => ({ ...event, offset: offset(event.at) }));
}

type Event = Omit<OrderEvent, 'offset'>;

function ofTimeline(entry: TimelineEntry, index: number, words: Words['orders']): Event {
  const { type, at, actor, traceId, correlationId } = entry;
  return {
    key: `${type} ${index}`,
    at,
    title: words.happened(type),
    who: actorText(actor, words),
    account: accountOfActor(actor),
    detail: detailOf(entry, words),
    traceId: traceId ?? correlationId,
    mood: type === 'rejected' ? 'bad' : 'normal',
  };
}

function detailOf({ detail, replays }: TimelineEntry, words: Words['orders']): string | undefined {
  if (replays !== undefined) return words.timesRepeated(replays);
  if (detail === undefined) return undefined;
  if ('lines' in detail) return detail.lines.map((line) => shortageText(line, words)).join('; ');
  if ('carrier' in detail) return `${detail.carrier} ${detail.trackingNumber}`;
  if ('deadLetter' in detail) return words.replayedLetter(detail.message);
  return detail.reason;
}

function ofReservation({ state, createdAt, updatedAt, shortages }: Reservation, words: Words['orders']): Event[] {
  const event = (of: string, at: string): Event => ({
    key: `reservation ${of}`,
    at,
    title: words.reservationHappened(of),
    who: 'inventory-service',
    detail: of === 'rejected' ? shortages?.map((line) => shortageText(line, words)).join('; ') : undefined,
    mood: of === 'rejected' ? 'bad' : 'normal',
  });
  // A reservation that was released or fulfilled had been held before, unless its release came first.
  const wasHeld = createdAt !== updatedAt && state !== 'held' && state !== 'rejected';
  return [...(wasHeld ? [event('held', createdAt)] : []), event(state, wasHeld ? updatedAt : createdAt)];
}

function ofDeadLetter({ id, type, history, reason }: DeadLetter, words: Words['orders']): Event[] {
  const aside = history.find((one) => one.type === 'dead-lettered') as { at: string } | undefined;
  return aside === undefined
    ? []
    : [{ key: `letter ${id}`, at: aside.at, title: words.setAside(type), detail: reason, mood: 'bad' }];
}
