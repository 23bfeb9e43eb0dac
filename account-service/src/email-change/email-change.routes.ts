import { text } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { Router } from 'express';
import { z } from 'zod';
import { mailAddress, toAccountView } from '../accounts/account.ts';
import { addressOf } from '../attempts/address.ts';
import { idIn } from '../email-tokens/email-token.ts';
import { oneTimeToken } from '../email-tokens/read-token.ts';
import type { MasterKey } from '../master-key.ts';
import { messageContextOf } from '../message-context.ts';
import type { PasswordDeps } from '../passwords/change-password.ts';
import { personOf } from '../signed-in.ts';
import { confirmEmail } from './confirm-email.ts';
import { confirmEmailChange } from './email-change-operations.ts';
import { requestEmailChange } from './request-email-change.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export const emailBody = z.strictObject({ email: mailAddress, password: text(1, 1_000) });
export const emailChangeView = z
  .strictObject({ email: z.string().meta({ description: 'Where the link was sent' }) })
  .meta({ id: 'EmailChange' });
export const confirmationBody = z.strictObject({ token: oneTimeToken });

export interface EmailChangeDeps extends IdempotencyDeps, Omit<PasswordDeps, 'pool'> {
  masterKey: MasterKey;
  now: () => Date;
  wakeRelay: () => void;
}

/** `/accounts/me/email`: another mail address for the person who is signed in. */
export function emailChangeRoutes(deps: EmailChangeDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);

  router.put('/accounts/me/email', ...body, async (req, res) => {
    const input = parseBody(req, emailBody);
    const change = { ...input, person: personOf(res), address: addressOf(req) };
    await requestEmailChange(deps, change, messageContextOf(res, deps.now()));
    deps.wakeRelay();
    sendReply(res, toReply(202, { email: input.email } satisfies z.output<typeof emailChangeView>));
  });

  router.post('/accounts/me/email/confirmation', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const { token } = parseBody(req, confirmationBody);
    const person = personOf(res);
    const keyed = toKeyedRequest(person, key, confirmEmailChange, { token });
    const confirmation = { accountId: person.accountId, mailId: idIn(deps.masterKey, token) };
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const account = await confirmEmail(trx, confirmation, messageContextOf(res, deps.now()));
      if (account) return toReply(200, toAccountView(account));
      return toRefusal(req, res, { code: 'email-taken', detail: 'Another account has this mail address.' });
    });
    deps.wakeRelay();
    sendReply(res, reply, replayed);
  });

  return router;
}
