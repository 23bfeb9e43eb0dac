import {
  type CommandSide,
  isForgotten,
  isRepairable,
  judge,
  mismatchKinds,
  type OrderSide,
  type ReservationSide,
  toMismatch,
  verdicts,
} from './judge.ts';

const ORDERS = Object.keys(verdicts) as OrderSide[];
const RESERVATIONS = ['none', 'held', 'fulfilled', 'released', 'rejected'] as const satisfies ReservationSide[];
const COMMANDS = ['none', 'under-way', 'unanswered'] as const satisfies CommandSide[];

/** What each order's reservation may be, in words of its own: the table is checked against it, cell by cell. */
const may: Record<OrderSide, readonly ReservationSide[]> = {
  pending: ['none', 'held', 'rejected'],
  confirmed: ['held'],
  rejected: ['none', 'rejected', 'released'],
  cancelled: ['none', 'rejected', 'released'],
  shipped: ['fulfilled'],
  delivered: ['fulfilled'],
  unknown: ['none', 'rejected', 'released'],
};
const cells = ORDERS.flatMap((order) => RESERVATIONS.map((reservation) => ({ order, reservation })));

describe('judge', () => {
  it.each(cells)('$order with a reservation that is $reservation', ({ order, reservation }) => {
    const agrees = may[order].includes(reservation);
    const verdict = judge({ order, reservation, command: 'none' });
    expect(verdict === 'agrees').toBe(agrees);
  });

  it.each([
    ['cancelled', 'held', 'release-missing'],
    ['rejected', 'held', 'release-missing'],
    ['shipped', 'held', 'fulfilment-missing'],
    ['delivered', 'held', 'fulfilment-missing'],
    ['confirmed', 'none', 'reservation-missing'],
    ['confirmed', 'released', 'reservation-missing'],
    ['confirmed', 'rejected', 'reservation-missing'],
    ['shipped', 'none', 'reservation-missing'],
    ['shipped', 'released', 'reservation-missing'],
    ['shipped', 'rejected', 'reservation-missing'],
    ['delivered', 'none', 'reservation-missing'],
    ['delivered', 'released', 'reservation-missing'],
    ['delivered', 'rejected', 'reservation-missing'],
    ['pending', 'fulfilled', 'fulfilled-unshipped'],
    ['confirmed', 'fulfilled', 'fulfilled-unshipped'],
    ['rejected', 'fulfilled', 'fulfilled-unshipped'],
    ['cancelled', 'fulfilled', 'fulfilled-unshipped'],
    ['pending', 'released', 'released-while-pending'],
    ['unknown', 'held', 'order-unknown'],
    ['unknown', 'fulfilled', 'order-unknown'],
  ] as const)('calls %s with %s: %s', (order, reservation, kind) => {
    expect(judge({ order, reservation, command: 'none' })).toBe(kind);
  });

  it('waits for a command that is under way, and excuses nothing else with it', () => {
    for (const cell of cells) {
      const verdict = judge({ ...cell, command: 'none' });
      const excused = verdict === 'release-missing' || verdict === 'fulfilment-missing';
      expect(judge({ ...cell, command: 'under-way' })).toBe(excused ? 'under-way' : verdict);
      expect(judge({ ...cell, command: 'unanswered' })).toBe(verdict);
    }
  });

  it('uses every kind', () => {
    const used = new Set(cells.map((cell) => judge({ ...cell, command: 'none' })));
    expect([...used].filter((verdict) => verdict !== 'agrees').sort()).toEqual([...mismatchKinds].sort());
  });
});

describe('isRepairable', () => {
  it('allows a lost release or fulfil of a held reservation, and nothing else', () => {
    const repairable = cells.flatMap((cell) =>
      COMMANDS.filter((command) => isRepairable({ id: 'x', ...cell, command })).map(
        (command) => `${cell.order} ${cell.reservation} ${command}`,
      ),
    );
    expect(repairable).toEqual([
      'rejected held none',
      'cancelled held none',
      'shipped held none',
      'delivered held none',
    ]);
  });
});

describe('isForgotten', () => {
  it('allows to ask again where inventory-service has no row, whatever else is awaited, and nowhere else', () => {
    const forgotten = cells.flatMap((cell) =>
      COMMANDS.filter((command) => isForgotten({ id: 'x', ...cell, command })).map(
        (command) => `${cell.order} ${cell.reservation} ${command}`,
      ),
    );
    expect(forgotten).toEqual(
      ['confirmed', 'shipped', 'delivered'].flatMap((order) => COMMANDS.map((command) => `${order} none ${command}`)),
    );
  });
});

describe('toMismatch', () => {
  it('says what was expected, why, and what to do', () => {
    for (const cell of cells) {
      const kind = judge({ ...cell, command: 'none' });
      if (kind === 'agrees' || kind === 'under-way') continue;
      const mismatch = toMismatch({ id: 'x', ...cell, command: 'none' }, kind, false);
      expect(mismatch).toMatchObject({ kind, subject: 'x', found: cell.reservation, repaired: false });
      expect(mismatch.expected).not.toBe(cell.reservation);
      expect(mismatch.proposal).not.toBe('');
    }
  });

  it('proposes to cancel again what was released, and not to place it anew', () => {
    const pair = { id: 'x', order: 'confirmed', reservation: 'released', command: 'none' } as const;
    expect(toMismatch(pair, 'reservation-missing', false).proposal).toContain('cancel it again');
    expect(toMismatch({ ...pair, reservation: 'rejected' }, 'reservation-missing', false).proposal).toContain(
      'place it again',
    );
    expect(toMismatch({ ...pair, reservation: 'none' }, 'reservation-missing', true).proposal).toMatch(/^None needed/);
  });

  it('names the lost command', () => {
    const pair = { id: 'x', order: 'shipped', reservation: 'held', command: 'unanswered' } as const;
    expect(toMismatch(pair, 'fulfilment-missing', false).proposal).toContain('reservation.fulfil is repeated');
    expect(toMismatch({ ...pair, command: 'none' }, 'fulfilment-missing', true).proposal).toContain('sent again');
  });
});
