import { orderStatuses } from '@shop/order-service/orders/order.ts';
import { verdicts } from '@shop/order-service/reconciliation/judge.ts';
import type { Reservation } from '../../../clients/typescript/src/index.ts';
import { renderStory } from './render.ts';
import type { Story } from './story.ts';
import { verdictOn } from './verdict.ts';

const id = '0195f0a0-0000-7000-8000-000000000001';
const placed = '2026-01-05T09:30:00.000Z';
const traceId = '0b5ba1e3f9d94fb68e1f2d3c4a5b6978';
const entry = { actor: 'order-service', correlationId: traceId };

function aStory(change: Partial<Story> = {}): Story {
  return {
    order: {
      id,
      number: 'ORD-1024',
      clientId: 'storefront-1',
      customerId: 'ada',
      currency: 'EUR',
      lines: [{ sku: 'MUG', quantity: 2, unitPrice: 900 }],
      status: 'confirmed',
      createdAt: placed,
      updatedAt: placed,
      version: 2,
    },
    timeline: [
      { ...entry, type: 'placed', at: placed },
      { ...entry, type: 'confirmed', at: '2026-01-05T09:30:00.012Z' },
    ],
    traceId,
    reservation: aReservation('held'),
    readAt: '2026-01-05T09:30:25.506Z',
    deadLetters: [],
    mismatches: [],
    unanswered: [],
    ...change,
  };
}

function aReservation(state: Reservation['state']): Reservation {
  return { id, state, lines: [{ sku: 'MUG', quantity: 2 }], createdAt: placed, updatedAt: placed };
}

const render = (story: Story) => renderStory(story, (_style, text) => text);
const letter: Story['deadLetters'][number] = {
  id,
  service: 'inventory',
  queue: 'q',
  type: 'reservation.release',
  reason: 'attempts-exhausted',
  group: 'g',
  status: 'open',
  attempts: 6,
  history: [],
};

describe('what order prints', () => {
  it('begins with the current state, followed by the timeline with actors and messages', () => {
    expect(render(aStory()).split('\n')).toEqual([
      'ORD-1024 is confirmed. Its stock is held until it is shipped or cancelled.',
      '',
      `  id        ${id}, version 2`,
      '  client    storefront-1, for customer ada',
      `  trace id  ${traceId}`,
      '  lines     2 MUG at 900 (EUR; prices in its minor units)',
      '',
      'Timeline',
      '  2026-01-05 09:30:00.000              placed, by order-service -> order.placed.v1',
      '  2026-01-05 09:30:00.012      +12 ms  confirmed, by order-service -> order.confirmed.v1',
      '',
      'Reservation',
      '  held 2026-01-05 09:30:00.000: 2 MUG',
      '',
      'Messages',
      '  no dead letters',
    ]);
  });

  it('shows each detail of the timeline, and another request with its own trace', () => {
    const at = '2026-01-07T09:30:00.000Z';
    const lines = [{ sku: 'MUG', requested: 2, available: 1, reason: 'insufficient-stock' as const }];
    const text = render(
      aStory({
        timeline: [
          { ...entry, type: 'rejected', at, detail: { lines } },
          { ...entry, type: 'shipped', at, detail: { carrier: 'DHL', trackingNumber: 'JD1' } },
          { ...entry, type: 'cancelled', at, detail: { reason: 'Ordered twice \u001b[31m' } },
          { ...entry, type: 'queued', at, detail: { deadLetter: id, message: 'reservation.held', reason: 'x' } },
          { ...entry, type: 'replays', at, replays: 3, correlationId: 'other' },
        ],
      }),
    );
    for (const part of [
      '+2 days  rejected, by order-service: 2 MUG of 1 (insufficient-stock) -> order.rejected.v1',
      'shipped, by order-service: DHL JD1 -> order.shipped.v1, reservation.fulfil.v1',
      'Ordered twice \\u001b[31m -> order.cancelled.v1, reservation.release.v1',
      `queued, by order-service: replayed reservation.held, dead letter ${id}\n`,
      'replayed 3 times, by order-service  trace other',
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('\u001b');
  });

  it('shows the request id too, if the trace has a different id', () => {
    const timeline: Story['timeline'] = [{ ...entry, traceId: 'own', type: 'placed', at: placed }];
    const text = render(aStory({ timeline, traceId: 'own', requestId: entry.correlationId }));
    expect(text).toContain(`  trace id  own, request ${entry.correlationId}\n`);
    expect(text).toMatch(/placed, by order-service -> order\.placed\.v1$/m);
  });

  it('shows an open dead letter with the command for its details, and every mismatch with its proposal', () => {
    const differs = { kind: 'release-missing', expected: 'released', found: 'held' };
    const mismatch = { ...differs, subject: id, because: 'B.', proposal: 'P.', repaired: false };
    const text = render(aStory({ deadLetters: [letter], mismatches: [mismatch] }));
    expect(text).toContain('ORD-1024 is confirmed. A message of this order could not be handled.');
    expect(text).toContain(
      'reservation.release is a dead letter of inventory, open: attempts-exhausted, 6 attempts\n    npm run dead-letters -- show',
    );
    expect(text).toContain('release-missing: expected released, found held. B.\n    P.');
  });

  it('reports what is not available, instead of a verdict without it', () => {
    const unanswered = [{ about: 'reservation' as const, service: 'inventory' as const, reason: 'no answer: 503' }];
    const text = render(aStory({ reservation: undefined, unanswered }));
    expect(text).toContain('Its reservation is unknown');
    expect(text).toContain('Not available from inventory-service: reservation. no answer: 503');
  });

  it('shows what a pending order waits for while inventory-service is down, since when, and the next attempt', () => {
    const wait = { awaiting: 'reservation', since: placed, asks: 1, askAgainAt: '2026-01-05T09:30:31.506Z' } as const;
    const away = { service: 'inventory' as const, reason: 'The response is 503: no peer' };
    const story = aStory({
      order: { ...aStory().order, status: 'pending' },
      reservation: undefined,
      wait: { ...wait, isUnsent: false },
      unanswered: [
        { about: 'reservation', ...away },
        { about: 'dead letters', ...away },
      ],
    });
    const text = render(story);
    expect(text).toMatch(/^ORD-1024 is pending\. Its stock is not decided: inventory-service does not respond /);
    expect(text).toContain(
      'Waiting\n' +
        '  until inventory-service reserves its stock, since 2026-01-05 09:30:00.000 (25.5 s)\n' +
        '  asked by message once; next at 2026-01-05 09:30:31.506 (in 6 s), unless it replies before\n',
    );
    expect(text).toContain('Reservation\n  unknown: inventory-service does not respond\n');
    expect(text.match(/The response is 503/g)).toHaveLength(1);
    expect(text).not.toContain('RabbitMQ');
  });

  it('shows that a message waits for the broker, and the number of attempts', () => {
    const wait = { awaiting: 'release', since: placed, asks: 3, askAgainAt: placed, isUnsent: true } as const;
    const text = render(aStory({ wait }));
    expect(text).toContain('until inventory-service releases its units');
    expect(text).toContain('asked by message 3 times; next at 2026-01-05 09:30:00.000, unless');
    expect(text).toContain('the message has not reached the broker yet: is RabbitMQ running?');
  });
});

describe('the verdict', () => {
  const states = ['held', 'fulfilled', 'released', 'rejected'] as const;
  const pairs = orderStatuses.flatMap((status) =>
    [...states, 'none' as const].map((reservation) => ({ status, reservation })),
  );
  const moodOf = ({ status, reservation }: (typeof pairs)[number]) => {
    const { order } = aStory();
    const side = reservation === 'none' ? undefined : aReservation(reservation);
    return verdictOn(aStory({ order: { ...order, status }, reservation: side })).mood;
  };

  it.each(pairs)('needs attention exactly where reconciliation finds a mismatch: $status, $reservation', (pair) => {
    const found = verdicts[pair.status][pair.reservation];
    const lostCommand = found === 'release-missing' || found === 'fulfilment-missing';
    expect(moodOf(pair) === 'attention').toBe(found !== 'agrees' && !lostCommand);
    if (lostCommand) expect(moodOf(pair)).toBe('waiting');
  });

  it.each(pairs.filter(({ status }) => status === 'pending'))('never calls a pending order good: %j', (pair) => {
    expect(moodOf(pair)).not.toBe('good');
  });
});
