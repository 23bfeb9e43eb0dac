import type { Queryable, Transaction } from '@shop/chassis/base/db/pool.ts';
import type { Account, StaffRole } from '../accounts/account.ts';

/** A member of staff, or someone who was invited. */
export interface Member {
  email: string;
  /** Undefined until the invitation was accepted. */
  name: string | undefined;
  roles: readonly StaffRole[];
  status: Account['status'];
}

interface MemberRow extends Omit<Member, 'name'> {
  id: string;
  name: string | null;
}

/** The time of the database: the command may run on another machine than the service. */
export async function databaseTime(q: Queryable): Promise<Date> {
  const { rows } = await q.query<{ now: Date }>('SELECT now()');
  return rows[0]?.now as Date;
}

/** Everybody with a role, by mail address. */
export async function findStaff(q: Queryable): Promise<Member[]> {
  const { rows } = await q.query<MemberRow>(
    /* sql */ `
    SELECT id, email, name, roles, status FROM accounts WHERE roles <> '{}' AND status <> 'deleted' ORDER BY email`,
  );
  return rows.map(toMember);
}

/** The account with this mail address, locked until the end of the transaction. */
export async function lockMember(trx: Transaction, email: string): Promise<(Member & { id: string }) | undefined> {
  const { rows } = await trx.query<MemberRow>(
    /* sql */ `
    SELECT id, email, name, roles, status FROM accounts WHERE lower(email COLLATE "C") = lower($1 COLLATE "C") FOR UPDATE`,
    [email],
  );
  const [row] = rows;
  return row && { ...toMember(row), id: row.id };
}

/** Replace the roles of an account. */
export async function saveRoles(
  trx: Transaction,
  accountId: string,
  { roles, now }: { roles: readonly StaffRole[]; now: Date },
): Promise<void> {
  await trx.query('UPDATE accounts SET roles = $2, version = version + 1, updated_at = $3 WHERE id = $1', [
    ...[accountId, roles, now],
  ]);
}

function toMember({ email, name, roles, status }: MemberRow): Member {
  return { email, name: name ?? undefined, roles, status };
}
