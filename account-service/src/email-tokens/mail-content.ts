import type { StaffRole } from '../accounts/account.ts';
import { type EmailPurpose, WITHOUT_TOKEN } from './email-token.ts';

/** A mail and its account, as they are now. */
export interface MailState {
  id: string;
  purpose: EmailPurpose;
  email: string;
  expiresAt: Date;
  usedAt: Date | undefined;
  account: { name: string | undefined; locale: string; roles: readonly StaffRole[]; status: string };
}

/** What notification-service needs to send a mail, or why it is not needed any more. */
export type MailContent =
  | { needed: false; reason: 'mail unknown' | 'token expired' | 'token used' | 'account verified' | 'account deleted' }
  | {
      needed: true;
      purpose: EmailPurpose;
      /** Whose pages the link leads to: staff has the console. */
      audience: 'shop' | 'console';
      email: string;
      name: string | undefined;
      locale: string;
      /** The one-time token in the link; `account-exists` and `email-changed` have none. */
      token: string | undefined;
      expiresAt: Date;
    };

/** The content of a mail, from what is true now. */
export function contentOfMail(mail: MailState | undefined, now: Date, toToken: (id: string) => string): MailContent {
  if (!mail) return { needed: false, reason: 'mail unknown' };
  const { purpose, email, expiresAt, usedAt, account } = mail;
  if (account.status === 'deleted') return { needed: false, reason: 'account deleted' };
  if (usedAt) return { needed: false, reason: 'token used' };
  if (purpose === 'verification' && account.status !== 'unverified') {
    return { needed: false, reason: 'account verified' };
  }
  if (now >= expiresAt) return { needed: false, reason: 'token expired' };
  return {
    needed: true,
    purpose,
    audience: account.roles.length > 0 ? 'console' : 'shop',
    email,
    name: account.name,
    locale: account.locale,
    token: WITHOUT_TOKEN.includes(purpose) ? undefined : toToken(mail.id),
    expiresAt,
  };
}
