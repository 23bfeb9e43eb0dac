import type { Job } from './job.ts';
import { chooseSkus, requestOf, saleOf } from './requests.ts';

const skus = Array.from({ length: 10 }, (_, n) => `S-${n}`);

function job(kind: Job['work']['kind'], locations: string[] = []): Job {
  const work = { kind, lines: 2, skus };
  return { work, targets: [], headers: {}, keyPrefix: 'k', locations, arrivals: { clients: 1 }, startAt: 0, endAt: 0 };
}

describe('requestOf', () => {
  it('makes the same request for the same number', () => {
    expect(requestOf(job('place'), 7)).toEqual(requestOf(job('place'), 7));
    expect(requestOf(job('place'), 7)).not.toEqual(requestOf(job('place'), 8));
  });

  it('cycles through the placed keys for replays', () => {
    const replays = job('replay', ['/orders/a', '/orders/b']);
    expect(requestOf(replays, 5)).toEqual(requestOf(job('place'), 1));
  });

  it('ships and cancels each placed order with a separate key', () => {
    const of = (kind: 'ship' | 'cancel', n: number) => requestOf(job(kind, ['/orders/a', '/orders/b']), n);
    expect(of('ship', 1)).toMatchObject({
      method: 'POST',
      path: '/orders/b/shipment',
      headers: { 'idempotency-key': 'k-1' },
    });
    expect(of('cancel', 0)).toMatchObject({ method: 'POST', path: '/orders/a/cancellation' });
  });

  it('cycles through the products for adjustments and movements', () => {
    expect(requestOf(job('adjust'), 13)).toMatchObject({ method: 'POST', path: '/products/S-3/adjustments' });
    expect(requestOf(job('movements'), 13).path).toBe('/products/S-3/movements?limit=50');
  });

  it('scrapes the metrics of a service', () => {
    expect(requestOf(job('scrape'), 0)).toMatchObject({ method: 'GET', path: '/metrics' });
  });

  it('cycles through the orders of a shop, each time with a new key', () => {
    const sales = [1, 2].map((lines) => ({ body: `order of ${lines}`, lines }));
    const selling = { ...job('sale'), work: { ...job('sale').work, sales } };
    expect(requestOf(selling, 3)).toMatchObject({ body: 'order of 2', headers: { 'idempotency-key': 'k-3' } });
    expect(saleOf(selling, 3)?.lines).toBe(2);
  });

  it('cycles through the orders for reads', () => {
    const { path } = requestOf(job('read', ['/orders/a', '/orders/b']), 3);
    expect(path).toBe('/orders/b');
  });
});

describe('chooseSkus', () => {
  const chosen = Array.from({ length: 10_000 }, (_, seed) => chooseSkus(skus, 2, seed));

  it('chooses different SKUs', () => {
    expect(chosen.every(([one, two]) => one !== two)).toBe(true);
    expect(chooseSkus(['only'], 2, 1)).toEqual(['only']);
  });

  it('chooses all SKUs with the same probability, in random order', () => {
    const counts = Map.groupBy(chosen.flat(), (sku) => sku);
    for (const sku of skus) expect(Math.abs((counts.get(sku)?.length ?? 0) - 2_000)).toBeLessThan(300);
    const ascending = chosen.filter(([one = '', two = '']) => one < two).length;
    expect(Math.abs(ascending - 5_000)).toBeLessThan(300);
  });
});
