import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway, ProgressTimeout } from '../gateway.ts';
import type { ListedProduct } from './audit.ts';
import { type Page, readPage } from './listing.ts';

/** A hundred products per request: often enough to see all products of a large file many times, without adding load. */
const LOOK_EVERY_MS = 250;

/** Polls the stock of all products while orders are placed, and keeps every product that it sees oversold. */
export function watchStock(gateway: Gateway, apiKey: string, run: string, timeout: ProgressTimeout) {
  const oversold: ListedProduct[] = [];
  let looks = 0;
  let stopped = false;

  const watch = async () => {
    const listing = {
      path: '/products',
      apiKey,
      timeout: { ...timeout, isOver: () => stopped || timeout.isOver() },
    };
    // The list also contains products of other runs: a round begins at the page with this run's first product.
    let first: string | undefined;
    let cursor: string | undefined;
    while (!stopped) {
      const page: Page<ListedProduct> | undefined = await readPage(gateway, listing, cursor);
      if (!page) return;
      looks += page.items.length;
      oversold.push(...page.items.filter((product) => product.available < 0));
      first ??= page.items.some((product) => isOfRun(product, run)) ? cursor : undefined;
      cursor = isPastRun(page.items, run) ? first : (page.nextCursor ?? first);
      await delay(LOOK_EVERY_MS);
    }
  };

  const watching = watch();
  // stop() reports a failure; an unhandled rejection would end the process before.
  watching.catch(() => undefined);
  return {
    /** Products seen below zero, and the number of checks. */
    stop: async () => {
      stopped = true;
      await watching;
      return { oversold, looks };
    },
  };
}

/** Whether a product belongs to this run. */
export function isOfRun(product: { sku: string }, run: string): boolean {
  return product.sku.startsWith(`${run}.`);
}

/** Whether a page of the list, which is sorted by SKU, ends after this run's products. */
export function isPastRun(page: { sku: string }[], run: string): boolean {
  const last = page.at(-1);
  // SKUs are ASCII, so this comparison is the list's byte order; '/' follows '.'.
  return last !== undefined && last.sku >= `${run}/`;
}
