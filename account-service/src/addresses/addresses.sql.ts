import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { Address, PostalAddress } from './address.ts';

interface AddressRow {
  id: string;
  name: string;
  street: string;
  postal_code: string;
  city: string;
  country: string;
  version: string;
}

/** An address of this account. */
export interface AddressOfAccount {
  accountId: string;
  id: string;
}

/** Add an address to an account that this transaction has locked. */
export async function insertAddress(
  trx: Transaction,
  { accountId, id }: AddressOfAccount,
  { name, street, postalCode, city, country }: PostalAddress,
  now: Date,
): Promise<Address> {
  const { rows } = await trx.query<AddressRow>(
    /* sql */ `
    INSERT INTO addresses (id, account_id, name, street, postal_code, city, country, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
    RETURNING id, name, street, postal_code, city, country, version`,
    [id, accountId, name, street, postalCode, city, country, now],
  );
  return toAddress(rows[0] as AddressRow);
}

/** All addresses of an account, oldest first. */
export async function listAddresses(q: Queryable, accountId: string): Promise<Address[]> {
  const { rows } = await q.query<AddressRow>(
    /* sql */ `
    SELECT id, name, street, postal_code, city, country, version FROM addresses
    WHERE account_id = $1 AND deleted_at IS NULL ORDER BY id`,
    [accountId],
  );
  return rows.map(toAddress);
}

/** One of them. */
export async function findAddress(q: Queryable, { accountId, id }: AddressOfAccount): Promise<Address | undefined> {
  const { rows } = await q.query<AddressRow>(
    /* sql */ `
    SELECT id, name, street, postal_code, city, country, version FROM addresses
    WHERE id = $1 AND account_id = $2 AND deleted_at IS NULL`,
    [id, accountId],
  );
  return rows[0] && toAddress(rows[0]);
}

/** Whether this account had this address until lately. */
export async function isDeletedAddress(q: Queryable, { accountId, id }: AddressOfAccount): Promise<boolean> {
  // Not in WHERE: a plan might read the index of all deleted addresses.
  const { rows } = await q.query<{ deleted_at: Date | null }>(
    'SELECT deleted_at FROM addresses WHERE id = $1 AND account_id = $2',
    [id, accountId],
  );
  return rows[0]?.deleted_at instanceof Date;
}

/** Replace an address of an account that this transaction has locked. */
export async function saveAddress(
  trx: Transaction,
  id: string,
  { name, street, postalCode, city, country }: PostalAddress,
  now: Date,
): Promise<Address> {
  const { rows } = await trx.query<AddressRow>(
    /* sql */ `
    UPDATE addresses SET name = $2, street = $3, postal_code = $4, city = $5, country = $6,
      version = version + 1, updated_at = $7
    WHERE id = $1
    RETURNING id, name, street, postal_code, city, country, version`,
    [id, name, street, postalCode, city, country, now],
  );
  return toAddress(rows[0] as AddressRow);
}

/** Delete an address of an account that this transaction has locked. Its id stays for a while, for repeats. */
export async function deleteAddress(trx: Transaction, id: string, now: Date): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE addresses SET name = NULL, street = NULL, postal_code = NULL, city = NULL, country = NULL,
      version = version + 1, updated_at = $2, deleted_at = $2
    WHERE id = $1`,
    [id, now],
  );
}

// As long as the answers of other writes are kept.
const DELETED_KEPT_HOURS = 72;

/** Remove a batch of the ids of deleted addresses. Returns how many. */
export async function removeDeletedAddresses(q: Queryable, now: Date, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM addresses WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM addresses WHERE deleted_at < $1::timestamptz - make_interval(hours => $3)
      ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [now, limit, DELETED_KEPT_HOURS],
  );
  return rowCount ?? 0;
}

function toAddress({ postal_code: postalCode, version, ...row }: AddressRow): Address {
  return { ...row, postalCode, version: Number(version) };
}
