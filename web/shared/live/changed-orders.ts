/** The effect of a change on orders that are shown. Pure. */
import type { Order } from '@shop/client';
import type { OrderChange } from './live.ts';

interface LoadedPage {
  items: Order[];
}

/** What a list has loaded: one page, or several. */
export type LoadedOrders = LoadedPage | { pages: LoadedPage[] };

/** The same orders, with the new status of the one that changed; undefined if the list does not show it, or shows it newer. */
export function withChange(loaded: LoadedOrders, change: OrderChange): LoadedOrders | undefined {
  const pages = 'pages' in loaded ? loaded.pages : [loaded];
  if (!pages.some(({ items }) => items.some((order) => isOlder(order, change)))) return undefined;
  return 'pages' in loaded
    ? { ...loaded, pages: pages.map((page) => changedPage(page, change)) }
    : changedPage(loaded, change);
}

function changedPage(page: LoadedPage, change: OrderChange): LoadedPage {
  const { status, version } = change;
  return {
    ...page,
    items: page.items.map((order) => (isOlder(order, change) ? { ...order, status, version } : order)),
  };
}

function isOlder({ id, version }: Order, change: OrderChange): boolean {
  return id === change.orderId && version < change.version;
}
