import type { Operation, Try } from './history.ts';
import { countAnswers, countRun, longestOutages, reasonsForDoubt, slowestAnswers } from './summary.ts';

const served = (sentAt: number, endedAt: number): Try => ({
  variant: 0,
  sentAt,
  endedAt,
  answer: { status: 201, text: '' },
});
const failed = (sentAt: number, endedAt: number): Try => ({ variant: 0, sentAt, endedAt, cause: 'connection lost' });
const placing = (...tries: Try[]): Operation => ({
  kind: 'place',
  client: 'storefront',
  key: 'k',
  path: '/orders',
  bodies: ['{}'],
  tries,
});

describe('countRun', () => {
  it('distinguishes twins from repeats', () => {
    const counts = countRun([placing(served(0, 10), served(5, 20)), placing(served(0, 10), served(11, 20))], []);
    expect(counts).toMatchObject({ orders: 2, twins: 1, repeats: 2 });
  });

  it('counts the keys that both storefronts used', () => {
    const mine = placing(served(0, 10));
    const theirs: Operation = { ...placing(served(0, 10)), client: 'other storefront' };
    const counts = countRun([mine, theirs, { ...placing(served(0, 10)), key: 'another' }], []);
    expect(counts).toMatchObject({ orders: 3, sharedKeys: 1 });
  });

  it('counts only faults with an effect', () => {
    const fault = { kind: 'kill', part: 'order-1', how: 'kill', at: 0, lasts: 0, began: 0, ended: 0 } as const;
    expect(
      countRun(
        [],
        [
          { ...fault, effect: true },
          { ...fault, effect: false },
        ],
      ).faults,
    ).toEqual({ kill: 1 });
  });
});

describe('reasonsForDoubt', () => {
  const counts = {
    orders: 1_000,
    twins: 50,
    repeats: 0,
    otherPayloads: 0,
    sharedKeys: 0,
    cancellations: 50,
    shipments: 50,
    faults: { kill: 3 },
  };

  it('has none for a run that did enough', () => {
    expect(reasonsForDoubt(counts, ['kill'])).toEqual([]);
  });

  it('names what was too little', () => {
    expect(reasonsForDoubt({ ...counts, orders: 999 }, ['kill', 'pause'])).toEqual([
      '999 orders, 1000 are needed',
      '0 faults of kind pause, 3 are needed',
    ]);
  });

  it('counts only the faults of chosen kinds', () => {
    expect(reasonsForDoubt({ ...counts, faults: { kill: 2 } }, ['kill'])).toEqual([
      '2 faults of kind kill, 3 are needed',
    ]);
    expect(reasonsForDoubt({ ...counts, faults: {} }, [])).toEqual([]);
  });
});

describe('countAnswers', () => {
  it('counts by kind of call, status and code, including calls without a response', () => {
    const overloaded: Try = { ...served(0, 1), answer: { status: 503, code: 'overloaded', text: '' } };
    expect(countAnswers([placing(served(0, 1), overloaded, failed(2, 3))])).toEqual({
      place: { '201': 1, '503 overloaded': 1, 'connection lost': 1 },
    });
  });
});

describe('slowestAnswers', () => {
  it('ignores missing responses and those of the gateway', () => {
    const badGateway: Try = { ...served(0, 9_000), answer: { status: 502, text: '' } };
    expect(slowestAnswers([placing(failed(0, 5_000), badGateway, served(0, 700))])).toEqual({ place: 700 });
  });
});

describe('longestOutages', () => {
  it('is the longest time between two responses in which a call failed', () => {
    const calls = [
      placing(served(0, 100)),
      placing(failed(200, 300), served(900, 1_000)),
      placing(served(1_000, 1_050)),
    ];
    expect(longestOutages(calls, 5_000)).toEqual({ place: 900 });
  });

  it('is 0 if no call failed', () => {
    expect(longestOutages([placing(served(0, 100)), placing(served(4_000, 4_100))], 5_000)).toEqual({ place: 0 });
  });
});
