import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { startLoop } from '@shop/chassis/base/loop.ts';
import type { Logger } from '@shop/chassis/base/telemetry/log.ts';
import { removeUnverifiedAccounts } from './accounts/accounts.sql.ts';
import { removeDeletedAddresses } from './addresses/addresses.sql.ts';
import { forgetOldFailures } from './attempts/attempts.ts';
import { removeExpiredMails } from './email-tokens/email-tokens.sql.ts';
import { removeOverSessions, removeTokensOfOverSessions } from './sessions/sessions.sql.ts';
import { removeRetiredKeys } from './signing-keys/signing-keys.sql.ts';

export interface RemoveExpiredOptions {
  pool: Queryable;
  now: () => Date;
  log: Logger;
}

// A retired key is not published any more, and an expired token is refused, so a minute does not matter.
const INTERVAL_MS = 60_000;
// Small enough to finish within the statement timeout on a busy machine.
const BATCH_ROWS = 500;

/**
 * Every minute, remove what has expired: mails with their tokens, accounts that were never verified, ids of deleted addresses,
 * sessions that are over, failed sign-ins, retired signing keys.
 */
export function startRemovingExpired({ pool, now, log }: RemoveExpiredOptions): { stop(): Promise<void> } {
  return startLoop({ name: 'remove-expired', intervalMs: INTERVAL_MS, log }, (stopping) =>
    removeExpired(pool, now(), stopping),
  );
}

/** One round of it. */
export async function removeExpired(pool: Queryable, now: Date, stopping?: AbortSignal): Promise<void> {
  await removeRetiredKeys(pool);
  // Accounts follow their mails.
  for (const removeBatch of [
    removeExpiredMails,
    removeUnverifiedAccounts,
    removeDeletedAddresses,
    removeTokensOfOverSessions,
    removeOverSessions,
    forgetOldFailures,
  ]) {
    for (let removed = BATCH_ROWS; removed === BATCH_ROWS && !stopping?.aborted; ) {
      removed = await removeBatch(pool, now, BATCH_ROWS);
    }
  }
}
