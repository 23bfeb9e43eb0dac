import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { parseQuery } from '@shop/chassis/edge/body.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import type { AccountRecord } from '../lookup/account-record.ts';
import { listStaffRecords } from '../lookup/lookup.sql.ts';

export const staffQuery = z.strictObject({ limit, cursor });

const SCOPE = 'staff';

/** Who is staff, for staff. Roles are changed by the command only. */
export function staffRoutes({ pool }: { pool: Queryable }): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/operations/accounts/staff', async (req, res) => {
    const { limit, cursor } = parseQuery(req, staffQuery);
    const after = positionIn(SCOPE, cursor, z.string());
    const found = await listStaffRecords(pool, { after, limit: limit + 1 });
    sendReply(res, toReply(200, toPage(found, limit, SCOPE, toPosition)));
  });

  return router;
}

/** Staff have a mail address: deletion takes it together with the roles. */
function toPosition({ email = '' }: AccountRecord): string {
  return email;
}
