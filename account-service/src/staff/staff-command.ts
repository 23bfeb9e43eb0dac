import { parseArgs } from 'node:util';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { withDatabase } from '@shop/chassis/service/with-database.ts';
import { mailAddress, type StaffRole, staffRoles } from '../accounts/account.ts';
import { createMasterKey } from '../master-key.ts';
import { addStaff, type Changed, setStaffRoles } from './change-staff.ts';
import { databaseTime, findStaff, type Member } from './staff.sql.ts';

const help = `staff list                               show who has a role
staff add <mail address> --role <role>   give these roles too. Without an account, print the link with which
                                         the person chooses a password; it is valid for 7 days
staff set <mail address> --role <role>   give exactly these roles
staff remove <mail address>              take all roles away. The account stays, as a shopper's

  --role   backoffice (orders and products) or operations (dead letters, reconciliation); repeat it for both
  --json   print JSON

A role that was taken away ends with the access token, at most 5 minutes later. All commands may be repeated.`;

/** Where account-service keeps its accounts, and what links are made of. */
export interface StaffAt {
  databaseUrl: string;
  masterKeys: readonly string[];
  publicUrl: string | undefined;
}

interface Asked {
  command: 'list' | 'add' | 'set' | 'remove';
  email: string;
  roles: readonly StaffRole[];
  json: boolean;
}

/** `staff list | add | set | remove`: returns the exit code. */
export async function staffCommand(args: readonly string[], at: () => StaffAt): Promise<number> {
  const asked = readArguments(args);
  if (!asked) {
    console.log(help);
    return 0;
  }
  const { databaseUrl, masterKeys, publicUrl } = at();
  const found = await withDatabase('account-service', databaseUrl, async (pool): Promise<Changed[]> => {
    const deps = { pool, masterKey: createMasterKey(masterKeys) };
    if (asked.command === 'list') return findStaff(pool);
    const now = await databaseTime(pool);
    if (asked.command === 'add') return [await addStaff(deps, asked, now)];
    return [await setStaffRoles(deps, asked, now)];
  });
  const shown = found.map(({ token, ...member }) => ({ ...member, ...(token && { link: linkTo(publicUrl, token) }) }));
  if (asked.json) console.log(JSON.stringify(asked.command === 'list' ? shown : shown[0], undefined, 2));
  else if (shown.length === 0)
    console.log('Nobody has a role. staff add <mail address> --role operations invites someone.');
  else for (const one of shown) console.log(toText(one));
  return 0;
}

/** The page that takes the token to the verification. Behind `#`, it is in no log of a server. */
function linkTo(publicUrl = '', token: string): string {
  return `${publicUrl}/console/welcome#${token}`;
}

function toText({ email, name, roles, status, link }: Member & { link?: string }): string {
  const line = `${email.padEnd(32)} ${(roles.join(', ') || 'no role').padEnd(24)} ${status === 'active' ? name : 'invited'}`;
  return link ? `${line}\n\nHand this link to the person, who chooses a password with it:\n${link}` : line;
}

/** Undefined: the help is asked for. */
function readArguments(args: readonly string[]): Asked | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const [command, email = '', ...others] = positionals;
  if (command === 'list' && email === '' && !values.role)
    return { command, email, roles: [], json: values.json ?? false };
  if (command !== 'add' && command !== 'set' && command !== 'remove') {
    throw new UsageError(`staff takes list, add, set or remove, not "${args.join(' ')}"\n${help}`);
  }
  if (others.length > 0 || !mailAddress.safeParse(email).success) {
    throw new UsageError(`staff ${command} takes one mail address, not "${[email, ...others].join(' ')}"`);
  }
  return { command, email, roles: rolesIn(command, values.role ?? []), json: values.json ?? false };
}

function rolesIn(command: string, given: readonly string[]): StaffRole[] {
  if (command === 'remove' && given.length > 0)
    throw new UsageError('staff remove takes all roles away, and no --role');
  if (command !== 'remove' && given.length === 0) throw new UsageError(`staff ${command} needs --role, once or more`);
  return given.map((role) => {
    const known = staffRoles.find((one) => one === role);
    if (!known) throw new UsageError(`there is no role "${role}": ${staffRoles.join(' or ')}`);
    return known;
  });
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        role: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${help}`);
  }
}
