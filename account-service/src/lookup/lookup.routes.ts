import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { sendVersioned } from '@shop/chassis/edge/versions.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { mailAddress } from '../accounts/account.ts';
import { accountNotFound } from '../errors.ts';
import { findRecord, findRecordByEmail } from './lookup.sql.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const lookupBody = z.strictObject({ email: mailAddress });

/** Accounts, for the back office. */
export function lookupRoutes({ pool }: { pool: Queryable }): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.post('/accounts/lookup', ...readBody(BODY_LIMIT_BYTES), async (req, res) => {
    const { email } = parseBody(req, lookupBody);
    const record = await findRecordByEmail(pool, email);
    if (!record) throw accountNotFound('There is no account with this mail address.');
    sendReply(res, toReply(200, record));
  });

  router.get('/accounts/:id', async (req, res) => {
    const id = asUuid(req.params.id);
    const record = id && (await findRecord(pool, id));
    if (!record) throw accountNotFound('There is no account with this id.');
    sendVersioned(req, res, record);
  });

  return router;
}
