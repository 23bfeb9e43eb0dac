import fc from 'fast-check';
import type { OrderRequest } from './order-request.ts';
import { eachConcurrently, limitConcurrency, makePace } from './pace.ts';
import { planSendings, seededRandom } from './sendings.ts';
import { parseShare, stockFor } from './stock.ts';

describe('stockFor', () => {
  const request = (sku: string, quantity: number, valid = true): OrderRequest => ({
    key: 'k',
    customerId: 'c',
    body: '',
    lines: [{ sku, quantity, unitPrice: 1 }],
    invalid: valid ? [] : [{ pointer: '/lines', detail: 'bad' }],
  });
  const stockOf = (requests: OrderRequest[], share: string) => stockFor(requests, parseShare(share) ?? -1n);

  it('gives each product its share of the units in valid orders, rounded down', () => {
    const requests = [request('a', 3), request('a', 4), request('b', 1), request('c', 9, false)];
    expect(stockOf(requests, '0.8')).toEqual(
      new Map([
        ['a', 5],
        ['b', 0],
      ]),
    );
  });

  it('does not lose a unit to floating point', () => {
    expect(stockOf([request('a', 100)], '0.29').get('a')).toBe(29);
    expect(stockOf([request('a', 10)], '0.7').get('a')).toBe(7);
    expect(stockOf([request('a', 438_702)], '1.0').get('a')).toBe(438_702);
  });

  it.each(['', '-1', '1001', '0.1234567', 'all', '1e3'])('refuses the share %j', (text) => {
    expect(parseShare(text)).toBeUndefined();
  });
});

describe('planSendings', () => {
  it('sends each order once, in order, without duplicates', () => {
    expect(planSendings(3, false, seededRandom(1))).toEqual([0, 1, 2].map((sale) => ({ sale, repeat: false })));
  });

  it('sends each order again, some at once and some later, in the same order in every run', () => {
    const plan = planSendings(500, true, seededRandom(1));
    const firstAt = new Map(plan.flatMap(({ sale, repeat }, at) => (repeat ? [] : [[sale, at]])));
    const repeats = plan.flatMap(({ sale, repeat }, at) => (repeat ? [at - (firstAt.get(sale) ?? Infinity)] : []));
    expect([...firstAt.keys()]).toEqual(Array.from({ length: 500 }, (_, sale) => sale));
    expect(repeats).toHaveLength(500);
    expect(Math.min(...repeats)).toBe(1);
    expect(repeats.filter((distance) => distance > 10).length).toBeGreaterThan(100);
    expect(planSendings(500, true, seededRandom(1))).toEqual(plan);
  });

  it('sends all duplicates at the end of the file', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer(), (sales, seed) => {
        const plan = planSendings(sales, true, seededRandom(seed));
        expect(new Set(plan.filter(({ repeat }) => repeat).map(({ sale }) => sale)).size).toBe(sales);
        expect(plan).toHaveLength(2 * sales);
      }),
    );
  });
});

describe('makePace', () => {
  it('starts at most `rate` orders per second', () => {
    const next = makePace(20);
    expect([next(1000), next(1000), next(1000)]).toEqual([1000, 1050, 1100]);
  });

  it('catches up after a late timer, but not after an outage', () => {
    const next = makePace(20);
    next(0);
    expect(next(51)).toBe(51);
    expect(next(52)).toBe(100);
    expect([next(9000), next(9000), next(9000)]).toEqual([9000, 9000, 9050]);
  });

  it('adds no delay without a rate', () => {
    const next = makePace(undefined);
    expect([next(5), next(5)]).toEqual([5, 5]);
  });
});

describe('concurrency', () => {
  it('respects the limit, starts in order and continues after a failure', async () => {
    const limited = limitConcurrency(2);
    const started: number[] = [];
    let [running, most] = [0, 0];
    const work = (index: number) =>
      limited(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        if (index === 1) throw new Error('one fails');
      });
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true]);
    expect({ started, most }).toEqual({ started: [0, 1, 2, 3, 4], most: 2 });
  });

  it('gives each item to one worker', async () => {
    const seen: number[] = [];
    await eachConcurrently([1, 2, 3, 4, 5], 3, async (item) => {
      await new Promise(setImmediate);
      seen.push(item);
    });
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5]);
  });
});
