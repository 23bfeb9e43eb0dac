import type { Dispatcher } from 'undici';
import type { Job } from './job.ts';

/** The n-th request of a job: the same each time, so that a repeat of a key has its body again. */
export function requestOf(job: Job, n: number): Dispatcher.DispatchOptions {
  const { work, headers, keyPrefix, locations } = job;
  if (work.kind === 'list') return { method: 'GET', path: '/orders?limit=50', headers };
  if (work.kind === 'read') return { method: 'GET', path: locations[n % locations.length] as string, headers };
  // Repeats go round the keys that were placed, one for each location.
  const number = work.kind === 'replay' ? n % locations.length : n;
  const lines = chooseSkus(work.skus, work.lines, number)
    .map((sku) => `{"sku":"${sku}","quantity":1}`)
    .join(',');
  return {
    method: 'POST',
    path: '/orders',
    headers: { ...headers, 'idempotency-key': `${keyPrefix}-${number}` },
    body: `{"customerId":"c-${number % 1_000}","currency":"EUR","lines":[${lines}]}`,
  };
}

/** So many different SKUs, each as likely as any other and in any order, as clients send them. */
export function chooseSkus(skus: readonly string[], count: number, seed: number): string[] {
  const random = randomFrom(seed);
  const chosen = new Set<string>();
  while (chosen.size < Math.min(count, skus.length)) chosen.add(skus[Math.floor(random() * skus.length)] as string);
  return [...chosen];
}

/** mulberry32: small, and good enough to spread orders over SKUs. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
