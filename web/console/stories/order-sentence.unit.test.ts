import type { Order, Reservation, TimelineEntry } from '@shop/client';
import { wordsIn } from '../../shared/words/words.ts';
import { actorText, orderSentence } from './order-sentence.ts';

const words = wordsIn('en').orders;
const placedAt = Date.parse('2026-03-01T12:00:00.000Z');
const at = (ms: number) => new Date(placedAt + ms).toISOString();

function order(status: Order['status'], more: Partial<Order> = {}): Order {
  return {
    id: '0199a2b4-0000-7000-8000-000000000001',
    number: 'ORD-1',
    clientId: 'storefront-1',
    customerId: 'ada',
    currency: 'EUR',
    lines: [{ sku: 'MUG-BLUE', quantity: 3 }],
    status,
    createdAt: at(0),
    updatedAt: at(0),
    version: 2,
    ...more,
  };
}

function entry(type: TimelineEntry['type'], ms: number, more: Partial<TimelineEntry> = {}): TimelineEntry {
  return { type, at: at(ms), actor: 'storefront-1', correlationId: 'a', ...more };
}

const placed = entry('placed', 0);
const say = (of: Order, timeline: TimelineEntry[], reservation?: Partial<Reservation>) =>
  orderSentence({ order: of, timeline, reservation: reservation as Reservation }, words, placedAt + 252_000);

it.each([
  ['an order that waits', order('pending'), [placed], 'Waiting for inventory-service for 4 min 12 s.'],
  ['one that was confirmed at once', order('confirmed'), [placed, entry('confirmed', 38)], 'Confirmed in 38 ms.'],
  [
    'one that had to wait',
    order('confirmed'),
    [placed, entry('queued', 2_500), entry('confirmed', 252_000)],
    'Waited 4 min 12 s for inventory-service, then confirmed.',
  ],
  [
    'one that was repeated',
    order('confirmed'),
    [placed, entry('confirmed', 38), entry('replays', 900, { replays: 4 })],
    'Confirmed in 38 ms. Placed once; the client repeated it 4 times.',
  ],
  [
    'a rejected one',
    order('rejected', {
      rejection: {
        lines: [
          { sku: 'MUG-BLUE', requested: 3, available: 1, reason: 'insufficient-stock' },
          { sku: 'MUG-X', requested: 1, available: 0, reason: 'unknown-sku' },
        ],
      },
    }),
    [placed, entry('rejected', 40)],
    'Rejected: 3 of MUG-BLUE wanted, 1 left; MUG-X is unknown.',
  ],
  [
    'a shipped one',
    order('shipped', { shipment: { carrier: 'DHL', trackingNumber: '1' } }),
    [placed, entry('confirmed', 38), entry('shipped', 3 * 3_600_000)],
    'Shipped with DHL 3 h after it was placed.',
  ],
  [
    'a delivered one',
    order('delivered'),
    [placed, entry('delivered', 172_800_000)],
    'Delivered 2 d after it was placed.',
  ],
  [
    'one that was cancelled before its stock was decided',
    order('cancelled'),
    [placed, entry('cancelled', 5_000)],
    'Cancelled by storefront-1 5.0 s after it was placed.',
  ],
  [
    'one with a status that is not known here',
    order('returned' as Order['status']),
    [placed],
    'Its status is “returned”.',
  ],
])('tells of %s', (_what, of, timeline, sentence) => {
  expect(say(of, timeline)).toBe(sentence);
});

it.each([
  ['released', ' Its stock is back.'],
  ['held', ' Its stock is on its way back.'],
  [undefined, ''],
] as const)('tells of a cancelled one whose reservation is %s', (state, ending) => {
  const cancelled = entry('cancelled', 120_038, { actor: 'staff:0199a2b4-0000-7000-8000-0000000000aa' });
  const reservation = state === undefined ? undefined : { state };
  expect(say(order('cancelled'), [placed, entry('confirmed', 38), cancelled], reservation)).toBe(
    `Cancelled by staff 000000aa 2 min after confirmation.${ending}`,
  );
});

it('has the same sentences in German', () => {
  const german = wordsIn('de').orders;
  const of = order('confirmed');
  expect(orderSentence({ order: of, timeline: [placed, entry('confirmed', 38)] }, german, 0)).toBe(
    'In 38 ms bestätigt.',
  );
});

it.each([
  ['storefront-1', 'storefront-1'],
  ['staff:0199a2b4-0000-7000-8000-0000000000aa', 'staff 000000aa'],
  ['shopper:0199a2b4-0000-7000-8000-0000000000bb', 'shopper 000000bb'],
])('names %s as %s', (actor, text) => {
  expect(actorText(actor, words)).toBe(text);
});
