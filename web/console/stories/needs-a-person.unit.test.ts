import type { DeadLetterGroup, Order, Reconciliation } from '@shop/client';
import { needsAPerson } from './needs-a-person.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const pending = (minutes: number) => ({ createdAt: ago(minutes) }) as Order;
const group = (firstAt: string) =>
  ({ service: 'orders', group: 'g', type: 'reservation.requested', count: 3, firstAt }) as DeadLetterGroup & {
    service: string;
  };
const found = (total: number) => ({ lastFinished: { total, finishedAt: ago(2) } }) as Reconciliation;
const nothing = { groups: [], pending: [], reconciliations: [], down: [] };

it('is empty when all is settled', () => {
  const reconciliations = [
    { service: 'orders', reconciliation: found(0) },
    { service: 'inventory', reconciliation: undefined },
  ];
  expect(needsAPerson({ ...nothing, pending: [pending(1), pending(4)], reconciliations }, now)).toEqual([]);
});

it('has the oldest first, and before all what is down', () => {
  const matters = needsAPerson(
    {
      groups: [group(ago(30))],
      pending: [pending(1), pending(6), pending(90)],
      reconciliations: [{ service: 'orders', reconciliation: found(2) }],
      down: ['inventory'],
    },
    now,
  );
  expect(matters.map(({ kind, count, since }) => [kind, count, since])).toEqual([
    ['down', 1, undefined],
    ['waiting', 2, ago(90)],
    ['dead-letters', 3, ago(30)],
    ['mismatches', 2, ago(2)],
  ]);
  expect(matters[1]).toMatchObject({ to: '/orders', search: { status: 'pending' } });
});
