import type { Transaction } from '@shop/chassis/base/db/pool.ts';

/**
 * Anonymise an account that this transaction has locked, and remove all else that is known of the person here.
 */
export async function anonymiseAccount(trx: Transaction, id: string, now: Date): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE accounts SET email = NULL, name = NULL, locale = 'en', roles = '{}', status = 'deleted',
      version = version + 1, updated_at = $2
    WHERE id = $1`,
    [id, now],
  );
  // A sign-in locks the password until its session is there, and a refresh locks its session: both come before, or find nothing.
  await trx.query('DELETE FROM credentials WHERE account_id = $1', [id]);
  await trx.query('DELETE FROM session_families WHERE account_id = $1', [id]);
  await trx.query('DELETE FROM email_tokens WHERE account_id = $1', [id]);
  await trx.query('DELETE FROM addresses WHERE account_id = $1', [id]);
}
