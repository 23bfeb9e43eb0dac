/**
 * Writes to the addresses of an account. Each locks the account first, so that they queue, and so that none of them outlives the
 * deletion of the account.
 */
import { randomUUIDv7 } from 'node:crypto';
import type { Transaction } from '@shop/chassis/base/db/pool.ts';
import { type IfMatch, requireMatch } from '@shop/chassis/edge/versions.ts';
import { lockAccount } from '../accounts/accounts.sql.ts';
import { addressNotFound, sessionEnded } from '../errors.ts';
import { type Address, isSameAddress, type PostalAddress, toAddressView } from './address.ts';
import {
  type AddressOfAccount,
  deleteAddress,
  findAddress,
  insertAddress,
  isDeletedAddress,
  listAddresses,
  saveAddress,
} from './addresses.sql.ts';

// More than people have, and few enough for a page without a cursor.
export const MAX_ADDRESSES = 20;

/** Add an address; undefined if the account has as many as it may have. */
export async function addAddress(
  trx: Transaction,
  accountId: string,
  address: PostalAddress,
  now: Date,
): Promise<Address | undefined> {
  await lockOwner(trx, accountId);
  const { length } = await listAddresses(trx, accountId);
  if (length >= MAX_ADDRESSES) return undefined;
  return insertAddress(trx, { accountId, id: randomUUIDv7() }, address, now);
}

/** Replace an address; by an equal one, nothing changes. */
export async function replaceAddress(
  trx: Transaction,
  { of, address, ifMatch }: { of: AddressOfAccount; address: PostalAddress; ifMatch: IfMatch },
  now: Date,
): Promise<Address> {
  await lockOwner(trx, of.accountId);
  const current = await findAddress(trx, of);
  if (!current) throw addressNotFound();
  const isAlreadyApplied = isSameAddress(current, address);
  requireMatch(ifMatch, toAddressView(current), isAlreadyApplied);
  return isAlreadyApplied ? current : saveAddress(trx, of.id, address, now);
}

/** Delete an address. Of one that is deleted already, as after a lost answer, nothing changes. */
export async function removeAddress(
  trx: Transaction,
  { of, ifMatch }: { of: AddressOfAccount; ifMatch: IfMatch },
  now: Date,
): Promise<void> {
  await lockOwner(trx, of.accountId);
  const current = await findAddress(trx, of);
  if (current) {
    requireMatch(ifMatch, toAddressView(current));
    await deleteAddress(trx, of.id, now);
  } else if (!(await isDeletedAddress(trx, of))) throw addressNotFound();
}

async function lockOwner(trx: Transaction, accountId: string): Promise<void> {
  if (!(await lockAccount(trx, accountId))) throw sessionEnded();
}
