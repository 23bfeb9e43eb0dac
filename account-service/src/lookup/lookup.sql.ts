import type { Queryable } from '@shop/chassis/base/db/pool.ts';
import type { AccountRecord } from './account-record.ts';

interface RecordRow {
  id: string;
  email: string | null;
  name: string | null;
  locale: string;
  roles: AccountRecord['roles'];
  status: AccountRecord['status'];
  created_at: Date;
  updated_at: Date;
  version: string;
}

/** An account in any state. */
export async function findRecord(q: Queryable, id: string): Promise<AccountRecord | undefined> {
  const { rows } = await q.query<RecordRow>(
    'SELECT id, email, name, locale, roles, status, created_at, updated_at, version FROM accounts WHERE id = $1',
    [id],
  );
  return rows[0] && toRecord(rows[0]);
}

/** The account with this mail address. */
export async function findRecordByEmail(q: Queryable, email: string): Promise<AccountRecord | undefined> {
  const { rows } = await q.query<RecordRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, created_at, updated_at, version FROM accounts
    WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`,
    [email],
  );
  return rows[0] && toRecord(rows[0]);
}

/** Everybody with a role, by mail address: those after this one, if there is one. */
export async function listStaffRecords(
  q: Queryable,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<AccountRecord[]> {
  const { rows } = await q.query<RecordRow>(
    /* sql */ `
    SELECT id, email, name, locale, roles, status, created_at, updated_at, version FROM accounts
    WHERE roles <> '{}' AND email > $1 ORDER BY email LIMIT $2`,
    [after, limit],
  );
  return rows.map(toRecord);
}

function toRecord({
  email,
  name,
  created_at: createdAt,
  updated_at: updatedAt,
  version,
  ...row
}: RecordRow): AccountRecord {
  return {
    ...row,
    email: email ?? undefined,
    name: name ?? undefined,
    createdAt,
    updatedAt,
    version: Number(version),
  };
}
