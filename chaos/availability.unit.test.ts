import { availabilityFaults, measureAvailability, nothingBroken, wholeRun } from './availability.ts';
import type { Operation, Try } from './history.ts';
import type { DoneFault } from './nemesis.ts';

const answered = (sentAt: number, status: number): Try => ({
  variant: 0,
  sentAt,
  endedAt: sentAt + 10,
  answer: { status, text: '' },
});
const placing = (...tries: Try[]): Operation => ({
  kind: 'place',
  client: 'storefront',
  key: 'k',
  path: '/orders',
  bodies: ['{}'],
  tries,
});
/** An order every 20 ms from 0 to 10 s; the fault lasts from 2 s to 8 s, and its first second begins at 2 s. */
const orders = (statusAt: (at: number) => number | undefined) =>
  Array.from({ length: 500 }, (_, n) => {
    const at = n * 20;
    const status = statusAt(at);
    return placing(
      status === undefined ? { variant: 0, sentAt: at, endedAt: at, cause: 'connection lost' } : answered(at, status),
    );
  });
const fault: DoneFault = {
  kind: 'pause',
  part: 'order-1',
  how: 'pause',
  at: 2_000,
  lasts: 6_000,
  began: 2_000,
  ended: 8_000,
  effect: true,
  isAlone: true,
};
const judge = (operations: Operation[], faults = [fault]) =>
  availabilityFaults(measureAvailability(operations, faults, 10_000));
const during = (from: number, to: number, status: number | undefined) => (at: number) =>
  at >= from && at < to ? status : 201;

describe('measureAvailability', () => {
  it('counts first responses for the run, before its first fault, and from a second after each fault began', () => {
    const measured = measureAvailability(orders(during(3_000, 4_000, 202)), [fault], 10_000);
    expect(measured.map(({ what, kinds }) => [what, kinds.place?.calls, kinds.place?.accepted])).toEqual([
      [wholeRun, 500, 50],
      [nothingBroken, 100, 0],
      ['order-1 pause', 250, 50],
    ]);
  });

  it('starts to count for a frozen process of inventory-service when its locks are released', () => {
    const frozen = { ...fault, part: 'inventory-1' };
    const longer = { ...frozen, began: -5_000 };
    expect(judge(orders(during(2_000, 6_000, 202)), [frozen]).faults).toEqual([]);
    expect(judge(orders(during(6_000, 7_000, 202)), [frozen]).faults).toHaveLength(1);
    expect(judge(orders(during(3_000, 8_000, 202)), [longer]).faults).toHaveLength(1);
  });

  it('counts no repeat as a new order, and no aborted request as a failure', () => {
    const [repeated, gone] = [
      placing(answered(3_000, 201), answered(3_100, 202), answered(3_200, 503)),
      placing({ variant: 0, sentAt: 3_000, endedAt: 3_005, cause: 'gave up waiting' }),
    ];
    const [all] = measureAvailability([repeated, gone], [], 10_000);
    expect(all?.kinds.place).toMatchObject({ calls: 2, accepted: 0, failed: 0 });
  });

  it('finds the longest time without a served call', () => {
    const measured = measureAvailability(orders(during(4_000, 6_000, 504)), [fault], 10_000);
    expect(measured.map(({ kinds }) => kinds.place?.longestGapMs)).toEqual([2_020, 20, 2_020]);
  });

  it('ignores faults that overlapped with others or had no effect', () => {
    const others = [
      { ...fault, isAlone: false },
      { ...fault, effect: false },
    ];
    expect(measureAvailability([], others, 10_000).map(({ what }) => what)).toEqual([wholeRun, nothingBroken]);
  });
});

describe('availabilityFaults', () => {
  it.each([
    ['no failure', () => 201],
    ['any failure in the first second', during(2_000, 3_000, undefined)],
    ['one in twenty', (at: number) => (at % 400 === 0 ? 202 : 201)],
    ['business refusals', () => 409],
  ])('allows %s', (_what, statusAt) => {
    expect(judge(orders(statusAt))).toEqual({ judged: 1, faults: [] });
  });

  it.each([
    [
      'half of the orders answered with 202',
      (at: number) => (at >= 2_000 && at % 40 === 0 ? 202 : 201),
      'at most 24 of 250 × 202',
    ],
    ['half of them failed', (at: number) => (at >= 2_000 && at % 40 === 0 ? 504 : 201), 'at most 24 of 250 failed'],
    ['connections lost', during(3_000, 4_000, undefined), 'at most 24 of 250 failed'],
    ['a long time without a response', during(3_000, 7_000, undefined), 'no 3020 ms without an answer'],
  ])('finds %s', (_what, statusAt, expected) => {
    const { faults } = judge(orders(statusAt));
    expect(faults.map((one) => one.expected)).toContain(expected);
  });

  it('allows the failures that the machine has without faults', () => {
    expect(judge(orders((at) => (at % 40 === 0 ? 202 : 201))).faults).toEqual([]);
  });

  it('has no verdict on a few calls', () => {
    expect(judge([placing(answered(4_000, 202))])).toEqual({ judged: 0, faults: [] });
  });
});
