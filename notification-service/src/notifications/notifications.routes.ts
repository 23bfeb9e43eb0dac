import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { refused } from '@shop/chassis/contract/problems.ts';
import { parseQuery } from '@shop/chassis/edge/body.ts';
import { cursor, limit, positionIn, toPage } from '@shop/chassis/edge/page.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { states, templates } from './notification.ts';
import { findNotification, listNotifications, type NotificationRecord } from './notification-records.sql.ts';

export const state = z.enum(states);
export const template = z.enum(templates);
export const notificationsQuery = z.strictObject({
  state: state.optional().meta({ description: 'Only those in this state' }),
  template: template.optional().meta({ description: 'Only those of this template' }),
  limit,
  cursor,
});

/** `/notifications`: what was sent to people, and what became of it. */
export function notificationsRoutes({ pool }: { pool: Queryable }): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/notifications', async (req, res) => {
    const { limit, cursor, ...filter } = parseQuery(req, notificationsQuery);
    const scope = `notifications ${JSON.stringify(filter)}`;
    const before = positionIn(scope, cursor, z.guid());
    const found = await listNotifications(pool, { ...filter, before }, limit + 1);
    const page = toPage(found, limit, scope, (last: NotificationRecord) => last.id);
    sendReply(res, toReply(200, page));
  });

  router.get('/notifications/:id', async (req, res) => {
    const id = asUuid(req.params.id);
    const found = id && (await findNotification(pool, id));
    if (!found) throw refused('notification-not-found', 'There is no notification with this id.');
    sendReply(res, toReply(200, found));
  });

  return router;
}
