import type { Transaction } from '@shop/chassis/base/db/pool.ts';

/** Why a session ended before its time. */
export type EndReason = 'signed-out' | 'signed-out-everywhere' | 'theft' | 'password-changed' | 'account-deleted';

/**
 * End all sessions of an account, or all but one. From the commit on no refresh token of them is taken; access tokens live until they
 * expire. Returns how many ended.
 */
export async function endSessions(
  trx: Transaction,
  accountId: string,
  { except, reason }: { except?: string; reason: EndReason },
): Promise<number> {
  // Locks in the order of ids, so that two of these do not deadlock. A refresh that runs has locked its row, and this waits for it.
  const { rowCount } = await trx.query(
    /* sql */ `
    WITH locked AS (
      SELECT id FROM session_families
      WHERE account_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $2::uuid
      ORDER BY id FOR UPDATE
    )
    UPDATE session_families f SET ended_at = clock_timestamp(), end_reason = $3 FROM locked WHERE f.id = locked.id`,
    [accountId, except ?? null, reason],
  );
  return rowCount ?? 0;
}
