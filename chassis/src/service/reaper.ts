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

// Retention is hours to days, so a minute more or less is nothing.
const INTERVAL_MS = 60_000;
// Small enough to be over within a statement's timeout on a busy machine, and to hold its locks for moments.
const BATCH_ROWS = 500;

interface Batch {
  limit: number;
  from: string;
}

/**
 * Every minute, remove the rows that only had to outlive repeats: completed keys past their retention and inbox rows
 * past the longest redelivery. Any number of them may run: each skips what another has locked.
 */
export function startReaper({ pool, log, keyRetentionHours }: ReaperOptions): { stop(): Promise<void> } {
  /**
   * One small transaction after the other, until there is no full batch left. Each begins where the last one ended, for
   * what was removed stays in the index until vacuum comes, and a million rows later that is a long way to pass over.
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
