import type { DeadLetter, Order, Reservation, TimelineEntry } from '@shop/client';
import { wordsIn } from '../../shared/words/words.ts';
import { orderEvents } from './order-events.ts';

const words = wordsIn('en').orders;
const placedAt = Date.parse('2026-03-01T12:00:00.000Z');
const at = (ms: number) => new Date(placedAt + ms).toISOString();
const order = { createdAt: at(0) } as Order;
const entry = (type: TimelineEntry['type'], ms: number, more: Partial<TimelineEntry> = {}): TimelineEntry => ({
  type,
  at: at(ms),
  actor: 'storefront-1',
  correlationId: 'c0ffee',
  ...more,
});

it('leads to the account of a person, and of nobody else', () => {
  const id = '0195f0a0-0000-7000-8000-00000000000c';
  const timeline = [entry('placed', 0), entry('cancelled', 1, { actor: `staff:${id}` })];
  const events = orderEvents({ order, timeline, deadLetters: [] }, words);
  expect(events.map(({ account }) => account)).toEqual([undefined, id]);
});

it('tells all in one column by time, with offsets', () => {
  const timeline = [
    entry('placed', 0),
    entry('confirmed', 38, { actor: 'order-service', traceId: 'abc' }),
    entry('cancelled', 60_000, { detail: { reason: 'changed my mind' } }),
  ];
  const reservation = {
    state: 'released',
    lines: [],
    createdAt: at(20),
    updatedAt: at(60_050),
  } as unknown as Reservation;
  const letter = {
    id: '7',
    type: 'order.confirmed',
    reason: 'handler-failed',
    history: [{ type: 'dead-lettered', at: at(30_000), reason: 'x' }],
  } as unknown as DeadLetter;
  const events = orderEvents({ order, timeline, reservation, deadLetters: [letter] }, words);
  expect(events.map(({ offset, title, detail, mood }) => [offset, title, detail, mood])).toEqual([
    ['', 'Placed', undefined, 'normal'],
    ['+20 ms', 'Stock reserved', undefined, 'normal'],
    ['+38 ms', 'Confirmed', undefined, 'normal'],
    ['+30 s', 'Message set aside: order.confirmed', 'handler-failed', 'bad'],
    ['+1 min', 'Cancelled', 'changed my mind', 'normal'],
    ['+1 min', 'Stock released', undefined, 'normal'],
  ]);
  expect(events[0]?.traceId).toBe('c0ffee');
  expect(events[2]?.traceId).toBe('abc');
});

it('tells of a rejection what was missing, and of retries how many', () => {
  const lines = [{ sku: 'MUG', requested: 3, available: 1, reason: 'insufficient-stock' as const }];
  const timeline = [
    entry('placed', 0),
    entry('rejected', 40, { detail: { lines } }),
    entry('replays', 900, { replays: 2 }),
  ];
  const reservation = { state: 'rejected', lines: [], shortages: lines, createdAt: at(20), updatedAt: at(20) };
  const events = orderEvents(
    { order, timeline, reservation: reservation as unknown as Reservation, deadLetters: [] },
    words,
  );
  expect(events.map(({ title, detail }) => [title, detail])).toEqual([
    ['Placed', undefined],
    ['Reservation rejected', '3 of MUG wanted, 1 left'],
    ['Rejected', '3 of MUG wanted, 1 left'],
    ['Repeated by the client', '2 times; it got the stored answer'],
  ]);
});
