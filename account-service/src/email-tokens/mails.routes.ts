import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { asUuid } from '@shop/chassis/base/text.ts';
import { type InternalCallers, internalOnly } from '@shop/chassis/edge/callers.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import type { MasterKey } from '../master-key.ts';
import { toToken } from './email-token.ts';
import { findMailState } from './email-tokens.sql.ts';
import { contentOfMail } from './mail-content.ts';

export interface MailsDeps {
  pool: Queryable;
  metrics: Metrics;
  masterKey: MasterKey;
  now: () => Date;
  /** The services that may call, with their tokens. */
  callers: InternalCallers;
}

/** `/internal/mails`: for notification-service only, because the answer has the one-time token. */
export function mailsRoutes(deps: MailsDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  // Before any path is decoded, so that callers without a token learn nothing.
  router.use('/internal', internalOnly(deps.callers, deps.metrics));
  router.get('/internal/mails/:id', async (req, res) => {
    const id = asUuid(req.params.id);
    const mail = id && (await findMailState(deps.pool, id));
    const content = contentOfMail(mail || undefined, deps.now(), (mailId) => toToken(deps.masterKey, mailId));
    res.set('Cache-Control', 'no-store');
    sendReply(res, toReply(200, content));
  });
  return router;
}
