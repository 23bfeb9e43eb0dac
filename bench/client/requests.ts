import { seededRandom } from '@shop/operator/replay/sendings.ts';
import type { Dispatcher } from 'undici';
import type { Job, Sale } from './job.ts';

type Request = Dispatcher.DispatchOptions;

/** The n-th request of a job. It is deterministic, so that a repeated key has the same body. */
export function requestOf(job: Job, n: number): Request {
  const { work, headers, locations } = job;
  const location = locations[n % locations.length] as string;
  const sku = work.skus[n % work.skus.length] as string;
  switch (work.kind) {
    case 'place':
    case 'twins':
      return placement(job, n);
    case 'replay':
      // Repeats cycle through the placed keys, one per location.
      return placement(job, n % locations.length);
    case 'sale':
      return write(job, n, '/orders', saleOf(job, n)?.body ?? '');
    case 'read':
      return { method: 'GET', path: location, headers };
    case 'list':
      return { method: 'GET', path: '/orders?limit=50', headers };
    case 'ship':
      return write(job, n, `${location}/shipment`, `{"carrier":"bench","trackingNumber":"T-${n}"}`);
    case 'cancel':
      return write(job, n, `${location}/cancellation`, '{"reason":"changed my mind"}');
    case 'adjust':
      return write(job, n, `/products/${sku}/adjustments`, '{"delta":1,"reason":"found one more"}');
    case 'movements':
      return { method: 'GET', path: `/products/${sku}/movements?limit=50`, headers };
    case 'scrape':
      return { method: 'GET', path: '/metrics', headers };
  }
}

/** The order of a real shop in the n-th request, for jobs of kind `sale`. */
export function saleOf({ work }: Job, n: number): Sale | undefined {
  return work.sales?.[n % work.sales.length];
}

function placement(job: Job, n: number): Request {
  const lines = chooseSkus(job.work.skus, job.work.lines, n)
    .map((sku) => `{"sku":"${sku}","quantity":1}`)
    .join(',');
  return write(job, n, '/orders', `{"customerId":"c-${n % 1_000}","currency":"EUR","lines":[${lines}]}`);
}

function write({ headers, keyPrefix }: Job, n: number, path: string, body: string): Request {
  return { method: 'POST', path, headers: { ...headers, 'idempotency-key': `${keyPrefix}-${n}` }, body };
}

/** This many different SKUs, uniformly distributed and in random order. */
export function chooseSkus(skus: readonly string[], count: number, seed: number): string[] {
  // Adjacent seeds begin with similar states, so they are mixed first.
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const chosen = new Set<string>();
  while (chosen.size < Math.min(count, skus.length)) chosen.add(skus[Math.floor(random() * skus.length)] as string);
  return [...chosen];
}
