import type { Pool } from '@shop/chassis/base/db/pool.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { endRebuild, readRebuild, saveRebuild, writeOrders } from './order-history.sql.ts';
import type { OrderSource } from './order-source.ts';

export interface RebuildOptions {
  pool: Pool;
  orders: Pick<OrderSource, 'page'>;
  signal: AbortSignal;
  onPage?: (progress: Progress) => void;
}

/** How many orders were read, and how many of them were newer than their rows. */
export interface Progress {
  done: number;
  written: number;
}

/** Write all orders of shoppers, beside whatever else writes them. The next page is read while one is written. */
export async function writeAllOrders(
  { pool, orders, signal, onPage }: RebuildOptions,
  { from, keep = false }: { from?: { position: string; done: number }; keep?: boolean } = {},
): Promise<Progress> {
  const progress: Progress = { done: from?.done ?? 0, written: 0 };
  let reading: ReturnType<typeof orders.page> | undefined = orders.page(from?.position, signal);
  while (reading !== undefined) {
    signal.throwIfAborted();
    const { items, next }: Awaited<ReturnType<typeof orders.page>> = await reading;
    reading = next === undefined ? undefined : orders.page(next, signal);
    // Awaited in the next turn: until then a failure has no handler.
    reading?.catch(() => {});
    progress.done += items.length;
    progress.written += await inTransaction(pool, async (trx) => {
      const written = await writeOrders(trx, items);
      if (keep && next !== undefined) await saveRebuild(trx, { position: next, done: progress.done });
      return written;
    });
    onPage?.(progress);
  }
  return progress;
}

/** The same, resumable: an interrupted rebuild goes on where it was, unless `restart`. */
export async function rebuildHistory(options: RebuildOptions & { restart: boolean }): Promise<Progress> {
  const { pool, restart } = options;
  if (restart) await endRebuild(pool);
  const progress = await writeAllOrders(options, { from: await readRebuild(pool), keep: true });
  await endRebuild(pool);
  return progress;
}
