import { randomUUIDv7 } from 'node:crypto';
import type { Connections, Transaction } from '@shop/chassis/base/db/pool.ts';
import { Fault } from '@shop/chassis/base/fault.ts';
import { inTransaction } from '@shop/chassis/reliable/postgres/transaction.ts';
import { type StaffRole, staffRoles } from '../accounts/account.ts';
import { findOrCreateAccount } from '../accounts/accounts.sql.ts';
import { toToken } from '../email-tokens/email-token.ts';
import { addMail } from '../email-tokens/email-tokens.sql.ts';
import type { MasterKey } from '../master-key.ts';
import { lockMember, type Member, saveRoles } from './staff.sql.ts';

export interface StaffDeps {
  pool: Connections;
  masterKey: MasterKey;
}

/** A member of staff and, if the person has no account yet, the token with which to choose a password. */
export interface Changed extends Member {
  token?: string;
}

// The link is handed on by a person, perhaps before a weekend.
const INVITATION_VALID_HOURS = 7 * 24;

/** Give an account these roles beside those that it has. Without an account, one is made that waits for its password. */
export async function addStaff(
  { pool, masterKey }: StaffDeps,
  { email, roles }: { email: string; roles: readonly StaffRole[] },
  now: Date,
): Promise<Changed> {
  return inTransaction(pool, async (trx) => {
    await findOrCreateAccount(trx, { id: randomUUIDv7(), email, locale: 'en' }, now);
    const member = await change(trx, email, { now, rolesOf: (present) => [...present, ...roles] });
    if (member.status === 'active') return member;
    const mailId = randomUUIDv7();
    // No event: nobody sends this mail, because the command shows its link.
    const mail = { id: mailId, accountId: member.id, purpose: 'verification', email: member.email, now } as const;
    await addMail(trx, { ...mail, validHours: INVITATION_VALID_HOURS }, []);
    return { ...member, token: toToken(masterKey, mailId) };
  });
}

/** Replace the roles of an account; none: it is a shopper only, from the next refresh on. */
export async function setStaffRoles(
  { pool }: Pick<StaffDeps, 'pool'>,
  { email, roles }: { email: string; roles: readonly StaffRole[] },
  now: Date,
): Promise<Changed> {
  return inTransaction(pool, (trx) => change(trx, email, { now, rolesOf: () => roles }));
}

async function change(
  trx: Transaction,
  email: string,
  { now, rolesOf }: { now: Date; rolesOf: (present: readonly StaffRole[]) => readonly StaffRole[] },
): Promise<Member & { id: string }> {
  const member = await lockMember(trx, email);
  if (!member) throw new Fault(`There is no account with the mail address ${email}.`);
  const wanted = rolesOf(member.roles);
  const roles = staffRoles.filter((role) => wanted.includes(role));
  if (roles.join() !== staffRoles.filter((role) => member.roles.includes(role)).join())
    await saveRoles(trx, member.id, { roles, now });
  return { ...member, roles };
}
