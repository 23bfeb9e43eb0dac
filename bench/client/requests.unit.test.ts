import type { Job } from './job.ts';
import { chooseSkus, requestOf } from './requests.ts';

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

  it('goes round the keys that were placed when it replays', () => {
    const replays = job('replay', ['/orders/a', '/orders/b']);
    expect(requestOf(replays, 5)).toEqual(requestOf(job('place'), 1));
  });

  it('goes round the orders that it reads', () => {
    const { path } = requestOf(job('read', ['/orders/a', '/orders/b']), 3);
    expect(path).toBe('/orders/b');
  });
});

describe('chooseSkus', () => {
  const chosen = Array.from({ length: 10_000 }, (_, seed) => chooseSkus(skus, 2, seed));

  it('chooses different ones', () => {
    expect(chosen.every(([one, two]) => one !== two)).toBe(true);
    expect(chooseSkus(['only'], 2, 1)).toEqual(['only']);
  });

  it('chooses all alike, in any order', () => {
    const counts = Map.groupBy(chosen.flat(), (sku) => sku);
    for (const sku of skus) expect(Math.abs((counts.get(sku)?.length ?? 0) - 2_000)).toBeLessThan(300);
    const ascending = chosen.filter(([one = '', two = '']) => one < two).length;
    expect(Math.abs(ascending - 5_000)).toBeLessThan(300);
  });
});
