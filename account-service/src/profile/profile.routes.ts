import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { sendReply } from '@shop/chassis/edge/problem.ts';
import { readIfMatch, sendVersioned } from '@shop/chassis/edge/versions.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { languageTag, toAccountView } from '../accounts/account.ts';
import { findAccount } from '../accounts/accounts.sql.ts';
import { sessionEnded } from '../errors.ts';
import { personOf } from '../signed-in.ts';
import { changeProfile } from './change-profile.ts';
import { changeOwnAccount } from './profile-operations.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const profileBody = z
  .strictObject({ name: text(1, 200).optional(), locale: languageTag.optional() })
  .refine((members) => Object.keys(members).length > 0, 'Must have a member to change.')
  .meta({ minProperties: 1 });

export interface ProfileDeps extends IdempotencyDeps {
  now: () => Date;
}

/** `/accounts/me`: the account of the person who is signed in. */
export function profileRoutes(deps: ProfileDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });

  router.get('/accounts/me', async (req, res) => {
    const account = await findAccount(deps.pool, personOf(res).accountId);
    if (!account) throw sessionEnded();
    sendVersioned(req, res, toAccountView(account));
  });

  router.patch('/accounts/me', ...readBody(BODY_LIMIT_BYTES), async (req, res) => {
    const key = requireIdempotencyKey(req);
    const wish = parseBody(req, profileBody);
    const ifMatch = readIfMatch(req);
    const person = personOf(res);
    const keyed = toKeyedRequest(person, key, changeOwnAccount, wish);
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const account = await changeProfile(trx, { accountId: person.accountId, wish, ifMatch }, deps.now());
      return toReply(200, toAccountView(account));
    });
    sendReply(res, reply, replayed);
  });

  return router;
}
