import type { Caller, CallOptions } from './call.ts';
import type { Page } from './types.ts';

/**
 * A list, read as far as it is asked for: `for await` gives its items and asks for the next page when it needs one, `page`
 * gives one page. Nothing is sent before that.
 */
export type Listing<Item> = AsyncIterable<Item> & {
  /** One page: the first, or the one of this cursor. */
  page(cursor?: string): Promise<Page<Item>>;
};

/** A list at this path. `query.cursor` is where it begins, `query.limit` how many items a page has at most. */
export function makeListing<Item>(
  caller: Caller,
  path: string,
  query: { limit?: number; cursor?: string } = {},
  options: CallOptions = {},
): Listing<Item> {
  const page = async (cursor = query.cursor) =>
    (await caller({ method: 'GET', path, query: { ...query, cursor } }, options)) as Page<Item>;
  return {
    page,
    async *[Symbol.asyncIterator]() {
      let cursor = query.cursor;
      do {
        const { items, nextCursor } = await page(cursor);
        yield* items;
        cursor = nextCursor;
      } while (cursor !== undefined);
    },
  };
}
