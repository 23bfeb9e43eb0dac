import type { Connections } from '@shop/chassis/base/db/pool.ts';
import { readIfMatch } from '@shop/chassis/edge/versions.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { Router } from 'express';
import { messageContextOf } from '../message-context.ts';
import { personOf } from '../signed-in.ts';
import { deleteAccount } from './delete-account.ts';

export interface DeletionDeps {
  pool: Connections;
  now: () => Date;
  wakeRelay: () => void;
}

/** `DELETE /accounts/me`. */
export function deletionRoutes(deps: DeletionDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.delete('/accounts/me', async (req, res) => {
    const deletion = { accountId: personOf(res).accountId, ifMatch: readIfMatch(req) };
    await inTransaction(deps.pool, (trx) => deleteAccount(trx, deletion, messageContextOf(res, deps.now())));
    deps.wakeRelay();
    res.status(204).end();
  });

  return router;
}
