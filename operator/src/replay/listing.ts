import { Fault } from '@shop/chassis/base/fault.ts';
import type { Gateway, ProgressTimeout } from '../gateway.ts';
import { untilAnswered } from '../gateway.ts';

export interface Listing<T> {
  /** The path, including filters. */
  path: string;
  apiKey: string;
  timeout: ProgressTimeout;
  /** Decides after each page whether to continue; without it, all pages are read. */
  goOn?: (page: T[]) => boolean;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** Reads a list of the API page by page; undefined on giving up. */
export async function listAll<T>(gateway: Gateway, listing: Listing<T>): Promise<T[] | undefined> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await readPage<T>(gateway, listing, cursor);
    if (!page) return undefined;
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined || listing.goOn?.(page.items) === false) return items;
  }
}

/** One page; undefined on giving up. */
export async function readPage<T>(
  gateway: Gateway,
  { path, apiKey, timeout }: Listing<T>,
  cursor: string | undefined,
): Promise<Page<T> | undefined> {
  const query = `${path.includes('?') ? '&' : '?'}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
  const answer = await untilAnswered(() => gateway.attempt({ method: 'GET', path: path + query, apiKey }), timeout);
  if (!answer) return undefined;
  const page = answer.json as Page<T> | undefined;
  if (answer.status !== 200 || !Array.isArray(page?.items)) {
    throw new Fault(`GET ${path} failed with ${answer.status}: ${answer.text.slice(0, 300)}`);
  }
  return page;
}
