import { z } from 'zod';
import { messagesOf } from '../define-message.ts';
import { id } from '../members.ts';

/*
 * Messages of account-service. They carry ids only, because messages are kept in many places: what a mail needs is read from
 * account-service when it is sent.
 */

const event = messagesOf({ producer: 'account-service', kind: 'event', exchange: 'account_exchange' });

export const accountRegisteredV1 = event(
  'account.registered',
  1,
  'Someone signed up with a mail address, and the mail `mailId` is to be sent there. Also for the address of an existing account, whose mail says so.',
  z.object({ accountId: id, mailId: id }),
);

export const accountVerifiedV1 = event(
  'account.verified',
  1,
  'The mailbox has answered: the account is active and has a password.',
  z.object({ accountId: id }),
);

export const passwordResetRequestedV1 = event(
  'account.password-reset-requested',
  1,
  'Someone asked for a link to choose a new password, and the mail `mailId` with it is to be sent.',
  z.object({ accountId: id, mailId: id }),
);

export const emailChangeRequestedV1 = event(
  'account.email-change-requested',
  1,
  'A person asked for another mail address, and the mail `mailId` is to be sent there, with a link that confirms it.',
  z.object({ accountId: id, mailId: id }),
);

export const emailChangedV1 = event(
  'account.email-changed',
  1,
  'The account has another mail address, and the mail `mailId` is to be sent to the old one, which says so.',
  z.object({ accountId: id, mailId: id }),
);

export const accountDeletedV1 = event(
  'account.deleted',
  1,
  'The account was deleted, and what account-service had of the person. Remove what you keep of the person too.',
  z.object({ accountId: id }),
);

/** All messages of account-service. */
export const messages = [
  accountRegisteredV1,
  accountVerifiedV1,
  passwordResetRequestedV1,
  emailChangeRequestedV1,
  emailChangedV1,
  accountDeletedV1,
] as const;

/** The events that a mail follows; each names it as `mailId`. */
export const accountMailEvents = [
  accountRegisteredV1,
  passwordResetRequestedV1,
  emailChangeRequestedV1,
  emailChangedV1,
] as const;
