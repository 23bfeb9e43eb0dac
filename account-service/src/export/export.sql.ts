import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import type { EmailPurpose } from '../email-tokens/email-token.ts';

/** When an account, and what belongs to it, was made and changed. */
export interface AccountTimes {
  createdAt: Date;
  updatedAt: Date;
  passwordChangedAt: Date | null;
}

export interface SessionRecord {
  id: string;
  audience: 'shop' | 'console';
  createdAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
}

export interface MailRecord {
  purpose: EmailPurpose;
  email: string;
  createdAt: Date;
  usedAt: Date | null;
}

/** An order as JSON, and its id, after which the next page begins. */
export interface OrderRecord {
  id: string;
  json: string;
}

/** Of an account that exists. */
export async function readAccountTimes(q: Queryable, accountId: string): Promise<AccountTimes> {
  const { rows } = await q.query<AccountTimes>(
    /* sql */ `
    SELECT a.created_at AS "createdAt", a.updated_at AS "updatedAt", c.changed_at AS "passwordChangedAt"
    FROM accounts a LEFT JOIN credentials c ON c.account_id = a.id WHERE a.id = $1`,
    [accountId],
  );
  return rows[0] as AccountTimes;
}

/** The sessions of an account, newest first, without their tokens. */
export async function listSessions(q: Queryable, accountId: string, limit: number): Promise<SessionRecord[]> {
  const { rows } = await q.query<SessionRecord>(
    /* sql */ `
    SELECT id, audience, created_at AS "createdAt", expires_at AS "expiresAt", ended_at AS "endedAt"
    FROM session_families WHERE account_id = $1 ORDER BY created_at DESC LIMIT $2`,
    [accountId, limit],
  );
  return rows;
}

/** The mails of an account, newest first, without their tokens. */
export async function listMails(q: Queryable, accountId: string, limit: number): Promise<MailRecord[]> {
  const { rows } = await q.query<MailRecord>(
    /* sql */ `
    SELECT purpose, email, created_at AS "createdAt", used_at AS "usedAt"
    FROM email_tokens WHERE account_id = $1 ORDER BY created_at DESC LIMIT $2`,
    [accountId, limit],
  );
  return rows;
}

// Greater than any other.
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The orders of an account as order-service answered them, newest first, at most `limit`, those before the order `before`. */
export async function listOrders(
  q: Queryable,
  accountId: string,
  { before = LAST_ID, limit }: { before?: string; limit: number },
): Promise<OrderRecord[]> {
  const { rows } = await q.query<OrderRecord>({
    name: 'export-orders',
    // As text, because nothing here reads them. Compared as rows, so that only the index by account has this order.
    text: /* sql */ `
      SELECT order_id AS id, view::text AS json FROM order_history
      WHERE (account_id, order_id) < ($1::uuid, $2::uuid) AND account_id >= $1::uuid
      ORDER BY account_id DESC, order_id DESC LIMIT $3`,
    values: [accountId, before, limit],
  });
  return rows;
}
