import { Fault } from '@shop/chassis/base/fault.ts';
import type { Gateway, Patience } from '../gateway.ts';
import { untilAnswered } from '../gateway.ts';

export interface Listing<T> {
  /** The path, filters included. */
  path: string;
  apiKey: string;
  patience: Patience;
  /** Says after a page whether the rest is of interest; without it, all is. */
  goOn?: (page: T[]) => boolean;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** All that a list of the API holds, page by page; undefined when patience ran out. */
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

/** One page; undefined when patience ran out. */
export async function readPage<T>(
  gateway: Gateway,
  { path, apiKey, patience }: Listing<T>,
  cursor: string | undefined,
): Promise<Page<T> | undefined> {
  const query = `${path.includes('?') ? '&' : '?'}limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
  const answer = await untilAnswered(() => gateway.attempt({ method: 'GET', path: path + query, apiKey }), patience);
  if (!answer) return undefined;
  const page = answer.json as Page<T> | undefined;
  if (answer.status !== 200 || !Array.isArray(page?.items)) {
    throw new Fault(`GET ${path} was answered with ${answer.status}: ${answer.text.slice(0, 300)}`);
  }
  return page;
}
