import { pipeline } from 'node:stream/promises';
import type { Connections, Queryable } from '@shop/chassis/base/db/pool.ts';
import { contextOf } from '@shop/chassis/edge/context.ts';
import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { type Response, Router } from 'express';
import { z } from 'zod';
import { accountView } from '../accounts/account.ts';
import { addressView } from '../addresses/address.ts';
import { shopperOrder } from '../order-history/shopper-order.ts';
import { personOf } from '../signed-in.ts';
import { beginExport, exportPieces } from './export-account.ts';

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
        purpose: z.enum(['verification', 'account-exists', 'password-reset', 'email-change', 'email-changed']),
        email: z.string(),
        createdAt: time,
        usedAt: time.optional(),
      }),
    ),
    orders: z.array(shopperOrder.meta({ id: 'ExportedOrder' })).meta({
      description: 'All orders, newest first, each with the members of `GET /orders/{id}`',
    }),
  })
  .meta({ id: 'AccountExport' });

export interface ExportDeps {
  pool: Connections & Queryable;
  now: () => Date;
}

/** `GET /accounts/me/export`. */
export function exportRoutes({ pool, now }: ExportDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/accounts/me/export', async (_req, res) => {
    const begun = await beginExport(pool, personOf(res).accountId, now());
    await send(res, exportPieces(pool, begun));
  });

  return router;
}

/**
 * Send a response piece by piece, each when the client has taken those before. What fails in the middle breaks the connection, so
 * that nobody takes a part for the whole.
 */
async function send(res: Response, pieces: AsyncIterable<string>): Promise<void> {
  contextOf(res).isStream = true;
  res.status(200).set('Content-Type', 'application/json; charset=utf-8');
  try {
    await pipeline(pieces, res);
  } catch (error) {
    if (!hasLeft(error)) throw error;
  }
}

/** Whether the client has closed the connection. */
function hasLeft(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE';
}
