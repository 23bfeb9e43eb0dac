import fc from 'fast-check';
import {
  applyDecision,
  cancel,
  deliver,
  mayBecome,
  type Order,
  type OrderStatus,
  type Outcome,
  orderStatuses,
  ship,
  transitions,
} from './order.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const shipment = { carrier: 'DHL', trackingNumber: 'JD01' };

function anOrder(status: OrderStatus, more: Partial<Order> = {}): Order {
  return {
    id: '0195f0a0-0000-7000-8000-000000000001',
    number: 'ORD-1',
    clientId: 'storefront-1',
    customerId: 'c-1',
    currency: 'EUR',
    lines: [{ sku: 'MUG', quantity: 1 }],
    status,
    firstOutcome: status === 'pending' ? undefined : 'confirmed',
    shipment: status === 'shipped' || status === 'delivered' ? shipment : undefined,
    createdAt: new Date('2026-03-01T11:00:00.000Z'),
    updatedAt: new Date('2026-03-01T11:00:00.000Z'),
    version: 1,
    ...more,
  };
}

/** The step that leads to each status; `pending` is only ever the first. */
const steps: Record<Exclude<OrderStatus, 'pending'>, (order: Order) => Outcome> = {
  confirmed: (order) => applyDecision(order, { kind: 'held' }, now),
  rejected: (order) => applyDecision(order, { kind: 'rejected', shortages: [] }, now),
  cancelled: (order) => cancel(order, undefined, now),
  shipped: (order) => ship(order, shipment, now),
  delivered: (order) => deliver(order, now),
};
const targets = Object.keys(steps) as (keyof typeof steps)[];

describe('the state machine', () => {
  for (const from of orderStatuses) {
    for (const to of targets) {
      const outcome = steps[to](anOrder(from));
      if (mayBecome(from, to)) {
        it(`takes ${from} to ${to}, one version on`, () => {
          expect(outcome).toMatchObject({ kind: 'changed', order: { status: to, version: 2, updatedAt: now } });
        });
      } else {
        it(`leaves ${from} alone when asked for ${to}`, () => {
          expect(outcome.kind).not.toBe('changed');
        });
      }
    }
  }

  it('reaches every status from pending', () => {
    const reached = new Set<OrderStatus>(['pending']);
    for (const status of reached) for (const next of transitions[status]) reached.add(next);
    expect([...reached].sort()).toEqual([...orderStatuses].sort());
  });

  it('sets the first outcome once, whatever follows', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...targets), { maxLength: 8 }), (walk) => {
        let order = anOrder('pending');
        let first: Order['firstOutcome'];
        for (const target of walk) {
          const outcome = steps[target](order);
          if (outcome.kind !== 'changed') continue;
          expect(mayBecome(order.status, outcome.order.status)).toBe(true);
          expect(outcome.order.version).toBe(order.version + 1);
          order = outcome.order;
          first ??= order.firstOutcome;
          expect(order.firstOutcome).toBe(first);
        }
        expect(order.firstOutcome === undefined).toBe(order.status === 'pending');
      }),
    );
  });
});

describe('applyDecision', () => {
  it('changes nothing when the decision comes late', () => {
    const cancelled = anOrder('cancelled', { firstOutcome: 'cancelled' });
    expect(applyDecision(cancelled, { kind: 'held' }, now)).toEqual({ kind: 'unchanged', order: cancelled });
  });
});

describe('cancel', () => {
  it('waits for the release even of an order whose stock is not decided', () => {
    expect(cancel(anOrder('pending'), 'changed my mind', now)).toMatchObject({
      order: { awaiting: 'release', firstOutcome: 'cancelled', cancellation: { reason: 'changed my mind' } },
    });
  });

  it('is a repeat on a cancelled order', () => {
    expect(cancel(anOrder('cancelled'), 'again', now).kind).toBe('unchanged');
  });
});

describe('ship', () => {
  it('is a repeat with the same carrier and number', () => {
    expect(ship(anOrder('shipped'), { ...shipment }, now).kind).toBe('unchanged');
  });

  it('is refused with another tracking number, also after delivery', () => {
    const other = { ...shipment, trackingNumber: 'JD02' };
    expect(ship(anOrder('shipped'), other, now).kind).toBe('shipment-differs');
    expect(ship(anOrder('delivered'), other, now).kind).toBe('shipment-differs');
  });

  it('says from where to where when it is illegal', () => {
    expect(ship(anOrder('pending'), shipment, now)).toEqual({ kind: 'illegal', from: 'pending', to: 'shipped' });
  });
});

describe('deliver', () => {
  it('keeps waiting for the fulfilment', () => {
    expect(deliver(anOrder('shipped', { awaiting: 'fulfilment' }), now)).toMatchObject({
      order: { status: 'delivered', awaiting: 'fulfilment' },
    });
  });
});

describe('time', () => {
  it('never runs backwards for an order, even when a clock does', () => {
    const ahead = new Date('2026-03-01T13:00:00.000Z');
    expect(deliver(anOrder('shipped', { updatedAt: ahead }), now)).toMatchObject({ order: { updatedAt: ahead } });
  });
});
