import { z } from 'zod';

export const staffRoles = ['backoffice', 'operations'] as const;
export type StaffRole = (typeof staffRoles)[number];

// RFC 5321, 4.5.3.1: at most 64 octets before the @, and 256 in all with the angle brackets.
const localPart = /^(?=[^@]{1,64}@)/;
export const mailAddress = z.email({ pattern: new RegExp(localPart.source + z.regexes.email.source) }).max(254);

/** An account that is not deleted. */
export interface Account {
  id: string;
  email: string;
  /** Undefined until the mailbox has answered. */
  name: string | undefined;
  locale: string;
  roles: readonly StaffRole[];
  status: 'unverified' | 'active';
  version: number;
}

/** A language of mail and pages. */
export const languageTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'Must be a language tag, such as en or de-AT.')
  .meta({ description: 'Language of mail and pages, a tag of BCP 47' });

/** The schema of {@link toAccountView}. */
export const accountView = z
  .strictObject({
    id: z.uuidv7(),
    email: z.string(),
    name: z.string(),
    locale: z.string(),
    roles: z.array(z.enum(staffRoles)).meta({ description: 'What the person may do as staff; empty: a shopper only' }),
    version: z.int().min(1),
  })
  .meta({ id: 'Account' });

/** An active account in HTTP responses. */
export function toAccountView({ id, email, name = '', locale, roles, version }: Account): z.output<typeof accountView> {
  return { id, email, name, locale, roles: [...roles], version };
}
