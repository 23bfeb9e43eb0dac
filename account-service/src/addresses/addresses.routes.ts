import { asUuid } from '@shop/chassis/base/text.ts';
import { parseBody, readBody } from '@shop/chassis/edge/body.ts';
import { requireIdempotencyKey } from '@shop/chassis/edge/idempotency-key.ts';
import { toKeyedRequest } from '@shop/chassis/edge/keyed-request.ts';
import { sendReply, toRefusal } from '@shop/chassis/edge/problem.ts';
import { readIfMatch, sendVersioned } from '@shop/chassis/edge/versions.ts';
import { type IdempotencyDeps, idempotently } from '@shop/chassis/reliable/idempotency/idempotently.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { toReply } from '@shop/chassis/reliable/refusal.ts';
import { type Request, type Response, Router } from 'express';
import { findAccount } from '../accounts/accounts.sql.ts';
import { addressNotFound, sessionEnded } from '../errors.ts';
import { personOf } from '../signed-in.ts';
import { postalAddress, toAddressView } from './address.ts';
import { createAddress } from './address-operations.ts';
import { type AddressOfAccount, findAddress, listAddresses } from './addresses.sql.ts';
import { addAddress, MAX_ADDRESSES, removeAddress, replaceAddress } from './change-addresses.ts';

const BODY_LIMIT_BYTES = 16 * 1024;

export interface AddressesDeps extends IdempotencyDeps {
  now: () => Date;
}

/** `/accounts/me/addresses`: the addresses of the person who is signed in. */
export function addressesRoutes(deps: AddressesDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const body = readBody(BODY_LIMIT_BYTES);

  /** The account of a read; a write finds it under its lock. */
  async function owner(res: Response): Promise<string> {
    const account = await findAccount(deps.pool, personOf(res).accountId);
    if (!account) throw sessionEnded();
    return account.id;
  }

  router.post('/accounts/me/addresses', ...body, async (req, res) => {
    const key = requireIdempotencyKey(req);
    const input = parseBody(req, postalAddress);
    const person = personOf(res);
    const keyed = toKeyedRequest(person, key, createAddress, input);
    const { reply, replayed } = await idempotently(deps, keyed, async (trx) => {
      const address = await addAddress(trx, person.accountId, input, deps.now());
      if (address) return toReply(201, toAddressView(address), `/accounts/me/addresses/${address.id}`);
      const detail = `An account has at most ${MAX_ADDRESSES} addresses.`;
      return toRefusal(req, res, { code: 'address-book-full', detail });
    });
    sendReply(res, reply, replayed);
  });

  router.get('/accounts/me/addresses', async (_req, res) => {
    const addresses = await listAddresses(deps.pool, await owner(res));
    sendReply(res, toReply(200, { items: addresses.map(toAddressView) }));
  });

  router.get('/accounts/me/addresses/:id', async (req, res) => {
    const address = await findAddress(deps.pool, addressOf(req, await owner(res)));
    if (!address) throw addressNotFound();
    sendVersioned(req, res, toAddressView(address));
  });

  router.put('/accounts/me/addresses/:id', ...body, async (req, res) => {
    const address = parseBody(req, postalAddress);
    const ifMatch = readIfMatch(req);
    const of = addressOf(req, personOf(res).accountId);
    const replaced = await inTransaction(deps.pool, (trx) => replaceAddress(trx, { of, address, ifMatch }, deps.now()));
    sendReply(res, toReply(200, toAddressView(replaced)));
  });

  router.delete('/accounts/me/addresses/:id', async (req, res) => {
    const ifMatch = readIfMatch(req);
    const of = addressOf(req, personOf(res).accountId);
    await inTransaction(deps.pool, (trx) => removeAddress(trx, { of, ifMatch }, deps.now()));
    res.status(204).end();
  });

  return router;
}

function addressOf(req: Request, accountId: string): AddressOfAccount {
  const id = asUuid(req.params.id);
  if (!id) throw addressNotFound();
  return { accountId, id };
}
