import type { Pool } from '../base/db/pool.ts';
import { startLoop } from '../base/loop.ts';
import type { Logger } from '../base/telemetry/log.ts';
import { FROM_THE_OLDEST, type Removed, removeExpiredKeys } from '../reliable/idempotency/keys.sql.ts';
import { removeOldInboxRows } from '../reliable/inbox/inbox.ts';

export interface ReaperOptions {
  pool: Pool;
  log: Logger;
  /** How long a completed Idempotency-Key is kept. */
  keyRetentionHours: number;
}

// Retention is hours to days, so a minute does not matter.
const INTERVAL_MS = 60_000;
// Small enough to finish within the statement timeout on a busy machine, and to hold its locks only briefly.
const BATCH_ROWS = 500;

interface Batch {
  limit: number;
  from: string;
}

/**
 * Every minute, remove rows that were kept only to detect duplicates: completed keys past their retention, and inbox rows older
 * than any possible redelivery. Any number of reapers may run: each skips rows that another has locked.
 */
export function startReaper({ pool, log, keyRetentionHours }: ReaperOptions): { stop(): Promise<void> } {
  /**
   * Small transactions, until a batch is not full. Each starts where the last one ended, because removed rows stay in the index
   * until vacuum: after a million rows, starting from the beginning would be slow.
   */
  async function sweep(
    stopping: AbortSignal,
    what: string,
    removeBatch: (batch: Batch) => Promise<Removed>,
  ): Promise<void> {
    let removed = 0;
    let from = FROM_THE_OLDEST;
    for (let full = true; full && !stopping.aborted; ) {
      const { count, until } = await removeBatch({ limit: BATCH_ROWS, from });
      removed += count;
      full = count >= BATCH_ROWS;
      from = until;
    }
    if (removed > 0) log.info({ what, removed }, 'removed expired rows');
  }

  return startLoop({ name: 'reaper', intervalMs: INTERVAL_MS, log }, async (stopping) => {
    await sweep(stopping, 'idempotency_keys', (batch) => removeExpiredKeys(pool, keyRetentionHours, batch));
    await sweep(stopping, 'inbox_messages', (batch) => removeOldInboxRows(pool, batch));
  });
}
