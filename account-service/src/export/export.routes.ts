import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { accountView, toAccountView } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import { addressView, toAddressView } from '../addresses/address.ts';
import { listAddresses } from '../addresses/addresses.sql.ts';
import { sessionEnded } from '../errors.ts';
import { personOf } from '../signed-in.ts';
import { listMails, listSessions, readAccountTimes } from './export.sql.ts';

// Both are kept for a month at most, and the answer must stay small.
const MAX_RECORDS = 1_000;

export const exportView = z
  .strictObject({
    exportedAt: time,
    account: z.strictObject({
      ...accountView.shape,
      createdAt: time,
      updatedAt: time,
      passwordChangedAt: time.optional(),
    }),
    addresses: z.array(addressView),
    sessions: z.array(
      z.strictObject({
        id: z.uuid(),
        audience: z.enum(['shop', 'console']),
        createdAt: time,
        expiresAt: time,
        endedAt: time.optional(),
      }),
    ),
    mails: z.array(
      z.strictObject({
        purpose: z.enum(['verification', 'account-exists', 'password-reset', 'email-change']),
        email: z.string(),
        createdAt: time,
        usedAt: time.optional(),
      }),
    ),
  })
  .meta({ id: 'AccountExport' });

export interface ExportDeps {
  pool: Connections;
  now: () => Date;
}

/** `GET /accounts/me/export`. */
export function exportRoutes(deps: ExportDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/accounts/me/export', async (_req, res) => {
    const { accountId } = personOf(res);
    const known = await inTransaction(deps.pool, (trx) => exportAccount(trx, accountId, deps.now()));
    sendReply(res, toReply(200, known));
  });

  return router;
}

/** All that account-service knows about a person, at one moment. */
async function exportAccount(trx: Transaction, accountId: string, now: Date) {
  await trx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const account = await findAccount(trx, accountId);
  if (!account) throw sessionEnded();
  const { passwordChangedAt, ...times } = await readAccountTimes(trx, accountId);
  const sessions = await listSessions(trx, accountId, MAX_RECORDS);
  const mails = await listMails(trx, accountId, MAX_RECORDS);
  return {
    exportedAt: now,
    account: { ...toAccountView(account), ...times, passwordChangedAt: passwordChangedAt ?? undefined },
    addresses: (await listAddresses(trx, accountId)).map(toAddressView),
    sessions: sessions.map(({ endedAt, ...session }) => ({ ...session, endedAt: endedAt ?? undefined })),
    mails: mails.map(({ usedAt, ...mail }) => ({ ...mail, usedAt: usedAt ?? undefined })),
  };
}
