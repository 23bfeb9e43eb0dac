import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { StaffRole } from '../accounts/account.ts';
import type { EmailPurpose } from './email-token.ts';
import type { MailState } from './mail-content.ts';

/** A mail, and the one-time token in it. */
export interface EmailToken {
  id: string;
  accountId: string;
  purpose: EmailPurpose;
  /** Where the mail goes. */
  email: string;
  expiresAt: Date;
  usedAt: Date | undefined;
}

interface EmailTokenRow {
  id: string;
  account_id: string;
  purpose: EmailPurpose;
  email: string;
  expires_at: Date;
  used_at: Date | null;
}

export interface NewMail {
  id: string;
  accountId: string;
  purpose: EmailPurpose;
  email: string;
  now: Date;
  validHours: number;
}

/** So that nobody can have a mailbox flooded. */
export const MAILS_PER_HOUR = 3;

/**
 * Add a mail to an account that this transaction has locked. Adds none, and returns false, when the account got as many mails for
 * these purposes within an hour as it may have.
 */
export async function addMail(
  trx: Transaction,
  mail: NewMail,
  alike: readonly EmailPurpose[],
  maximum = MAILS_PER_HOUR,
): Promise<boolean> {
  const { rowCount } = await trx.query(
    /* sql */ `
    INSERT INTO email_tokens (id, account_id, purpose, email, created_at, expires_at)
    SELECT $1, $2, $3, $4, $5::timestamptz, $5::timestamptz + make_interval(hours => $6)
    WHERE (
      SELECT count(*) FROM email_tokens
      WHERE account_id = $2 AND created_at > $5::timestamptz - interval '1 hour' AND purpose = ANY ($7::text[])
    ) < $8`,
    [mail.id, mail.accountId, mail.purpose, mail.email, mail.now, mail.validHours, alike, maximum],
  );
  return rowCount === 1;
}

/**
 * How many mails of this kind went to this address within an hour, whichever accounts asked for them. Until the end of the
 * transaction no other counts for this address.
 */
export async function countMailsTo(
  trx: Transaction,
  { email, purpose, now }: Pick<NewMail, 'email' | 'purpose' | 'now'>,
): Promise<number> {
  await trx.query(`SELECT pg_advisory_xact_lock(hashtextextended('mails to ' || lower($1 COLLATE "C"), 0))`, [email]);
  const { rows } = await trx.query<{ count: string }>(
    /* sql */ `
    SELECT count(*) FROM email_tokens
    WHERE lower(email COLLATE "C") = lower($1 COLLATE "C") AND purpose = $2
      AND created_at > $3::timestamptz - interval '1 hour'`,
    [email, purpose, now],
  );
  return Number(rows[0]?.count);
}

/** End the unused tokens of an account for these purposes: their links are refused from now on. */
export async function expireTokens(
  trx: Transaction,
  accountId: string,
  purposes: readonly EmailPurpose[],
  now: Date,
): Promise<void> {
  await trx.query(
    /* sql */ `
    UPDATE email_tokens SET expires_at = $3
    WHERE account_id = $1 AND purpose = ANY ($2::text[]) AND used_at IS NULL AND expires_at > $3`,
    [accountId, purposes, now],
  );
}

/** The mail of a token. */
export async function findEmailToken(q: Queryable, id: string): Promise<EmailToken | undefined> {
  const { rows } = await q.query<EmailTokenRow>(
    'SELECT id, account_id, purpose, email, expires_at, used_at FROM email_tokens WHERE id = $1',
    [id],
  );
  return rows[0] && toEmailToken(rows[0]);
}

interface MailStateRow {
  id: string;
  purpose: EmailPurpose;
  email: string;
  expires_at: Date;
  used_at: Date | null;
  name: string | null;
  locale: string;
  roles: StaffRole[];
  status: string;
}

/** A mail with its account. */
export async function findMailState(q: Queryable, id: string): Promise<MailState | undefined> {
  const { rows } = await q.query<MailStateRow>(
    /* sql */ `
    SELECT t.id, t.purpose, t.email, t.expires_at, t.used_at, a.name, a.locale, a.roles, a.status
    FROM email_tokens t JOIN accounts a ON a.id = t.account_id WHERE t.id = $1`,
    [id],
  );
  const [row] = rows;
  return (
    row && {
      id: row.id,
      purpose: row.purpose,
      email: row.email,
      expiresAt: row.expires_at,
      usedAt: row.used_at ?? undefined,
      account: { name: row.name ?? undefined, locale: row.locale, roles: row.roles, status: row.status },
    }
  );
}

/** The mail of a token, locked until the end of the transaction, so that a token is used once. */
export async function lockEmailToken(trx: Transaction, id: string): Promise<EmailToken | undefined> {
  const { rows } = await trx.query<EmailTokenRow>(
    'SELECT id, account_id, purpose, email, expires_at, used_at FROM email_tokens WHERE id = $1 FOR UPDATE',
    [id],
  );
  return rows[0] && toEmailToken(rows[0]);
}

/** Note that a token had its effect. */
export async function markUsed(trx: Transaction, id: string, now: Date): Promise<void> {
  await trx.query('UPDATE email_tokens SET used_at = $2 WHERE id = $1', [id, now]);
}

/** Remove a batch of the mails whose tokens expired more than an hour before `now`. Returns how many. */
export async function removeExpiredMails(q: Queryable, now: Date, limit: number): Promise<number> {
  // For an hour they still count as mails of the account.
  const { rowCount } = await q.query(
    /* sql */ `
    DELETE FROM email_tokens WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM email_tokens WHERE expires_at < $1::timestamptz - interval '1 hour'
      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
    [now, limit],
  );
  return rowCount ?? 0;
}

function toEmailToken(row: EmailTokenRow): EmailToken {
  return {
    id: row.id,
    accountId: row.account_id,
    purpose: row.purpose,
    email: row.email,
    expiresAt: row.expires_at,
    usedAt: row.used_at ?? undefined,
  };
}
