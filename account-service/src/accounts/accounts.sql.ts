import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { PasswordHash } from '../passwords/password-hasher.ts';
import type { Account, StaffRole } from './account.ts';

interface AccountRow {
  id: string;
  email: string;
  name: string | null;
  locale: string;
  roles: StaffRole[];
  status: 'unverified' | 'active';
  version: string;
}

interface CredentialRow {
  hash: Buffer;
  salt: Buffer;
  memory_kib: number;
  passes: number;
  parallelism: number;
}

/**
 * The account with this mail address, which is created if there is none, locked until the end of the transaction. It takes the
 * same statement, and so the same time, whether the address is known or not.
 */
export async function findOrCreateAccount(
  trx: Transaction,
  { id, email, locale }: { id: string; email: string; locale: string },
  now: Date,
): Promise<Account> {
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    INSERT INTO accounts (id, email, locale, status, created_at, updated_at) VALUES ($1, $2, $3, 'unverified', $4, $4)
    ON CONFLICT (lower(email COLLATE "C")) DO UPDATE SET updated_at = $4
    RETURNING id, email, name, locale, roles, status, version`,
    [id, email, locale, now],
  );
  return toAccount(rows[0] as AccountRow);
}

/** An account that is not deleted. */
export async function findAccount(q: Queryable, id: string): Promise<Account | undefined> {
  const { rows } = await q.query<AccountRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, version FROM accounts WHERE id = $1 AND status <> 'deleted'`,
    [id],
  );
  return rows[0] && toAccount(rows[0]);
}

/** The same, locked until the end of the transaction. All that changes what belongs to an account begins with it. */
export async function lockAccount(trx: Transaction, id: string): Promise<Account | undefined> {
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, version FROM accounts WHERE id = $1 AND status <> 'deleted'
    FOR NO KEY UPDATE`,
    [id],
  );
  return rows[0] && toAccount(rows[0]);
}

/** The account with this mail address, unverified ones too. */
export async function findAccountByEmail(q: Queryable, email: string): Promise<Account | undefined> {
  const { rows } = await q.query<AccountRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, version FROM accounts
    WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`,
    [email],
  );
  return rows[0] && toAccount(rows[0]);
}

/** The account with this mail address, locked until the end of the transaction. */
export async function lockAccountByEmail(trx: Transaction, email: string): Promise<Account | undefined> {
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, version FROM accounts
    WHERE lower(email COLLATE "C") = lower($1 COLLATE "C") FOR NO KEY UPDATE`,
    [email],
  );
  return rows[0] && toAccount(rows[0]);
}

/** Change the mail address of an account that this transaction has locked. */
export async function saveEmail(
  trx: Transaction,
  { id, email }: { id: string; email: string },
  now: Date,
): Promise<Account> {
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    UPDATE accounts SET email = $2, version = version + 1, updated_at = $3 WHERE id = $1
    RETURNING id, email, name, locale, roles, status, version`,
    [id, email, now],
  );
  return toAccount(rows[0] as AccountRow);
}

/** Change name and locale of an account that this transaction has locked. */
export async function saveProfile(
  trx: Transaction,
  { id, name, locale }: { id: string; name: string | undefined; locale: string },
  now: Date,
): Promise<Account> {
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    UPDATE accounts SET name = $2, locale = $3, version = version + 1, updated_at = $4 WHERE id = $1
    RETURNING id, email, name, locale, roles, status, version`,
    [id, name, locale, now],
  );
  return toAccount(rows[0] as AccountRow);
}

/** Make an unverified account active; undefined if it is not unverified. */
export async function activateAccount(
  trx: Transaction,
  { id, name }: { id: string; name: string },
  now: Date,
): Promise<Account | undefined> {
  // The status is a parameter, so that no plan reads the index of unverified accounts instead of the key.
  const { rows } = await trx.query<AccountRow>(
    /* sql */ `
    UPDATE accounts SET status = 'active', name = $2, version = version + 1, updated_at = $3
    WHERE id = $1 AND status = $4
    RETURNING id, email, name, locale, roles, status, version`,
    [id, name, now, 'unverified'],
  );
  return rows[0] && toAccount(rows[0]);
}

/** Set the first password of an account. */
export async function insertCredential(trx: Transaction, accountId: string, password: PasswordHash): Promise<void> {
  await trx.query(
    /* sql */ `
    INSERT INTO credentials (account_id, hash, salt, memory_kib, passes, parallelism) VALUES ($1, $2, $3, $4, $5, $6)`,
    [accountId, password.hash, password.salt, password.memoryKib, password.passes, password.parallelism],
  );
}

/** Store the same password under newer parameters, unless it was changed meanwhile. */
export async function replaceCredential(
  trx: Transaction,
  accountId: string,
  { from, to }: { from: PasswordHash; to: PasswordHash },
): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE credentials SET hash = $3, salt = $4, memory_kib = $5, passes = $6, parallelism = $7
    WHERE account_id = $1 AND hash = $2`,
    [accountId, from.hash, to.hash, to.salt, to.memoryKib, to.passes, to.parallelism],
  );
}

/**
 * The account, if `password` is still its password, which stays so until the end of the transaction. A change of the password or
 * a deletion that comes later waits, and then finds what this transaction has done.
 */
export async function lockPassword(
  trx: Transaction,
  accountId: string,
  password: PasswordHash,
): Promise<Account | undefined> {
  const { rowCount } = await trx.query(
    'SELECT FROM credentials WHERE account_id = $1 AND hash = $2 FOR NO KEY UPDATE',
    [accountId, password.hash],
  );
  return rowCount === 1 ? findAccount(trx, accountId) : undefined;
}

/** The active account with this mail address, and its password. */
export async function findSignIn(
  q: Queryable,
  email: string,
): Promise<{ account: Account; password: PasswordHash } | undefined> {
  const { rows } = await q.query<AccountRow & CredentialRow>(
    /* sql */ `
    SELECT a.id, a.email, a.name, a.locale, a.roles, a.status, a.version,
      c.hash, c.salt, c.memory_kib, c.passes, c.parallelism
    FROM accounts a JOIN credentials c ON c.account_id = a.id
    WHERE lower(a.email COLLATE "C") = lower($1 COLLATE "C")`,
    [email],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { hash, salt, memory_kib, passes, parallelism, ...account } = row;
  return { account: toAccount(account), password: toPassword({ hash, salt, memory_kib, passes, parallelism }) };
}

/**
 * Set another password of an account that this transaction has locked; with `from`, only if that is still its password. Returns
 * whether it did.
 */
export async function changeCredential(
  trx: Transaction,
  accountId: string,
  { from, to }: { from?: PasswordHash; to: PasswordHash },
  now: Date,
): Promise<boolean> {
  const { rowCount } = await trx.query(
    /* sql */ `
    UPDATE credentials SET hash = $3, salt = $4, memory_kib = $5, passes = $6, parallelism = $7, changed_at = $8
    WHERE account_id = $1 AND ($2::bytea IS NULL OR hash = $2)`,
    [accountId, from?.hash ?? null, to.hash, to.salt, to.memoryKib, to.passes, to.parallelism, now],
  );
  return rowCount === 1;
}

/** The password of an account. */
export async function findCredential(q: Queryable, accountId: string): Promise<PasswordHash | undefined> {
  const { rows } = await q.query<CredentialRow>(
    'SELECT hash, salt, memory_kib, passes, parallelism FROM credentials WHERE account_id = $1',
    [accountId],
  );
  return rows[0] && toPassword(rows[0]);
}

// A mail may arrive late, and people answer late.
const UNVERIFIED_KEPT_DAYS = 7;

/**
 * Remove a batch of the accounts that were never verified and whose mails are gone. Returns how many. A sign-up that comes first
 * sets updated_at, so that the locked row does not match any more; one that comes later waits, and creates the account again.
 */
export async function removeUnverifiedAccounts(q: Queryable, now: Date, limit: number): Promise<number> {
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM accounts WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM accounts a
      WHERE status = 'unverified' AND updated_at < $1::timestamptz - make_interval(days => $3)
        AND (SELECT t.id FROM email_tokens t WHERE t.account_id = a.id LIMIT 1) IS NULL
      ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [now, limit, UNVERIFIED_KEPT_DAYS],
  );
  return rowCount ?? 0;
}

/** Remove an account that was never verified, with its mails; without effect if it is verified by now. */
export async function removeUnverifiedAccount(trx: Transaction, id: string): Promise<void> {
  // In the order of a verification, which locks its mail first.
  await trx.query('SELECT FROM email_tokens WHERE account_id = $1 ORDER BY id FOR UPDATE', [id]);
  const { rows } = await trx.query<{ status: string }>('SELECT status FROM accounts WHERE id = $1 FOR UPDATE', [id]);
  if (rows[0]?.status !== 'unverified') return;
  await trx.query('DELETE FROM email_tokens WHERE account_id = $1', [id]);
  await trx.query('DELETE FROM accounts WHERE id = $1', [id]);
}

function toAccount(row: AccountRow): Account {
  return { ...row, name: row.name ?? undefined, version: Number(row.version) };
}

function toPassword({ memory_kib: memoryKib, ...row }: CredentialRow): PasswordHash {
  return { ...row, memoryKib };
}
