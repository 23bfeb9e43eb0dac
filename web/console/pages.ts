/**
 * The pages of the console. A page is a file in routes/ and an entry here: its address, how it is loaded (when it is first opened), and,
 * if the navigation shows it, its name, icon and key after `g`.
 */
import type { ComponentType } from 'react';
import { words } from '../shared/words/locale.ts';
import type { IconName } from './parts/icon.tsx';

export interface NavigationEntry {
  title: string;
  icon: IconName;
  /** `g` and this key lead to the page. */
  key: string;
  /** Only people with this role are shown it. */
  role?: string;
  /** What the entry counts, where there is some. */
  count?: 'pending' | 'deadLetters';
}

export interface PageEntry {
  path: string;
  load: () => Promise<ComponentType>;
  navigation?: NavigationEntry;
  /** The page of one of its things, below its address: it opens beside this page, or in its place. */
  detail?: { path: string; load: () => Promise<ComponentType> };
}

export const pages: readonly PageEntry[] = [
  {
    path: '/overview',
    load: async () => (await import('./routes/overview.tsx')).OverviewPage,
    navigation: { title: words.shell.overview, icon: 'overview', key: 'h' },
  },
  {
    path: '/orders',
    load: async () => (await import('./routes/orders.tsx')).OrdersPage,
    navigation: { title: words.shell.orders, icon: 'orders', key: 'o', count: 'pending' },
    detail: { path: '/$order', load: async () => (await import('./routes/order.tsx')).OrderPage },
  },
  {
    path: '/stock',
    load: async () => (await import('./routes/stock.tsx')).StockPage,
    navigation: { title: words.shell.stock, icon: 'stock', key: 's' },
  },
  { path: '/stock/$sku', load: async () => (await import('./routes/product.tsx')).ProductPage },
  { path: '/stock/import/csv', load: async () => (await import('./routes/stock-import.tsx')).StockImportPage },
  {
    path: '/failures',
    load: async () => (await import('./routes/failures.tsx')).FailuresPage,
    navigation: { title: words.shell.failures, icon: 'failures', key: 'f', count: 'deadLetters' },
  },
  { path: '/failures/$service', load: async () => (await import('./routes/failure-group.tsx')).FailureGroupPage },
  { path: '/failures/$service/$letter', load: async () => (await import('./routes/failure.tsx')).FailurePage },
  {
    path: '/books',
    load: async () => (await import('./routes/books.tsx')).BooksPage,
    navigation: { title: words.shell.books, icon: 'books', key: 'b' },
  },
  {
    path: '/accounts',
    load: async () => (await import('./routes/accounts.tsx')).AccountsPage,
    navigation: { title: words.shell.accounts, icon: 'accounts', key: 'a', role: 'backoffice' },
  },
  { path: '/accounts/$account', load: async () => (await import('./routes/account.tsx')).AccountPage },
  {
    path: '/parts',
    load: async () => (await import('./routes/parts.tsx')).PartsPage,
    navigation: { title: words.shell.parts, icon: 'parts', key: 'p' },
  },
];

/** Where `/console` leads. */
export const firstPage: string = '/overview';
