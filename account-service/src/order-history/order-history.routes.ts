import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { parseQuery } from '@shop/chassis/edge/body.ts';
import { principalOf } from '@shop/chassis/edge/callers.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { type Account, toAccountView } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import { sessionEnded } from '../errors.ts';
import { type HistoryItem, listHistory } from './order-history.sql.ts';

export const ownOrdersQuery = z.strictObject({ limit, cursor });

const DASHBOARD_ORDERS = 5;

/** `/accounts/me/orders` and `/accounts/me/dashboard`: for shoppers. */
export function orderHistoryRoutes({ pool }: { pool: Queryable }): Router {
  const routes = Router({ caseSensitive: true, strict: true });

  routes.get('/accounts/me/orders', async (req, res) => {
    const { limit, cursor } = parseQuery(req, ownOrdersQuery);
    const { id } = await requireAccount(pool, res);
    const scope = `orders of ${id}`;
    const before = positionIn(scope, cursor, z.guid());
    const found = await listHistory(pool, id, { before, limit: limit + 1 });
    sendReply(
      res,
      toReply(
        200,
        toPage(found, limit, scope, (last: HistoryItem) => last.id),
      ),
    );
  });

  routes.get('/accounts/me/dashboard', async (_req, res) => {
    const account = await requireAccount(pool, res);
    const orders = await listHistory(pool, account.id, { limit: DASHBOARD_ORDERS });
    // There is no catalogue yet, from which recommendations will come.
    const dashboard = {
      account: toAccountView(account),
      orders,
      recommendations: [],
      degraded: ['catalogue'],
    };
    sendReply(res, toReply(200, dashboard));
  });

  return routes;
}

/** The account of the shopper. An access token outlives its account by some minutes: then 401. */
async function requireAccount(pool: Queryable, res: Response): Promise<Account> {
  const principal = principalOf(res);
  const account = principal.kind === 'shopper' ? await findAccount(pool, principal.accountId) : undefined;
  if (account?.status !== 'active') throw sessionEnded();
  return account;
}
