import type { Pool } from '../db/pool.ts';
import { removeExpiredKeys } from '../idempotency/remove-expired-keys.ts';
import { removeOldInboxRows } from '../inbox/inbox.ts';
import type { Logger } from '../telemetry/log.ts';
import { startLoop } from './loop.ts';

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

/**
 * Every minute, remove the rows that only had to outlive repeats: completed keys past their retention and inbox rows
 * past the longest redelivery. Any number of them may run: each skips what another has locked.
 */
export function startReaper({ pool, log, keyRetentionHours }: ReaperOptions): { stop(): Promise<void> } {
  let stopped = false;

  /** One small transaction after the other, until there is no full batch left. */
  async function sweep(what: string, removeBatch: (limit: number) => Promise<number>): Promise<void> {
    let removed = 0;
    for (let full = true; full && !stopped; ) {
      const count = await removeBatch(BATCH_ROWS);
      removed += count;
      full = count >= BATCH_ROWS;
    }
    if (removed > 0) log.info({ what, removed }, 'old rows were removed');
  }

  const loop = startLoop({ name: 'reaper', intervalMs: INTERVAL_MS, log }, async () => {
    await sweep('idempotency_keys', (limit) => removeExpiredKeys(pool, keyRetentionHours, limit));
    await sweep('inbox_messages', (limit) => removeOldInboxRows(pool, limit));
  });

  return {
    async stop() {
      stopped = true;
      await loop.stop();
    },
  };
}
