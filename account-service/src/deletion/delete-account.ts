import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { accountDeletedV1 } from '@shop/chassis/contract/messages/account-service.ts';
import { type IfMatch, requireMatch } from '@shop/chassis/edge/versions.ts';
import { forgetKeysOf } from '@shop/chassis/reliable/idempotency/keys.sql.ts';
import { addToOutbox, type MessageContext, toOutboxRow } from '@shop/chassis/reliable/outbox/outbox-message.ts';
import { toAccountView } from '../accounts/account.ts';
import { lockAccount } from '../accounts/accounts.sql.ts';
import { clearFailures } from '../attempts/attempts.ts';
import { anonymiseAccount } from './deletion.sql.ts';

/**
 * Delete an account. Its row stays without anything personal, because orders have its id. Of one that is deleted already, as after
 * a lost answer, nothing changes.
 */
export async function deleteAccount(
  trx: Transaction,
  { accountId, ifMatch }: { accountId: string; ifMatch: IfMatch },
  context: MessageContext,
): Promise<void> {
  const account = await lockAccount(trx, accountId);
  if (!account) return;
  requireMatch(ifMatch, toAccountView(account));
  await anonymiseAccount(trx, accountId, context.occurredAt);
  await clearFailures(trx, account.email);
  // Stored answers show the account as it was.
  await forgetKeysOf(trx, [`shopper:${accountId}`, `staff:${accountId}`]);
  await addToOutbox(trx, [toOutboxRow(accountDeletedV1, { accountId }, context)]);
}
