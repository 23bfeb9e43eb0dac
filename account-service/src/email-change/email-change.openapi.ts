import { problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { accountView } from '../accounts/account.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { passwordAsked } from '../passwords/passwords.openapi.ts';
import { sessionEnded } from '../profile/profile.openapi.ts';
import { confirmationBody, emailBody, emailChangeView } from './email-change.routes.ts';

const changed = { ...ada, email: 'lovelace@example.org', version: 3 };

/** Another mail address. */
export const emailChangeOperations: readonly Operation[] = [
  {
    method: 'put',
    path: '/accounts/me/email',
    operationId: 'requestEmailChange',
    route: 'accounts-me-email',
    summary: 'Ask for another mail address',
    description:
      'The new mailbox gets a link that confirms it, at most 3 an hour. Until then nothing changes. The answer does not show whether another account has the address.',
    tag: 'profile',
    groups: [],
    people: ['shopper', 'staff'],
    body: { schema: emailBody, example: { email: changed.email, password: 'correct horse battery staple' } },
    answers: [success(202, 'Accepted.', emailChangeView, { email: changed.email }), ...passwordAsked],
  },
  {
    method: 'post',
    path: '/accounts/me/email/confirmation',
    operationId: 'confirmEmailChange',
    route: 'accounts-me-email-confirm',
    summary: 'Confirm another mail address, with the token from the mail',
    description:
      'The person who asked for the change must be signed in. The token is valid for 24 hours, and is answered again until then. An unverified sign-up with the address ends. The old mailbox gets a notice.',
    tag: 'profile',
    groups: [],
    people: ['shopper', 'staff'],
    body: { schema: confirmationBody, example: { token: 'token-from-the-mail' } },
    answers: [
      {
        ...success(200, 'The account has the new address.', accountView, changed),
        headers: { 'Idempotent-Replayed': false },
      },
      problemAnswer('token-invalid'),
      problemAnswer('email-taken'),
      sessionEnded,
    ],
  },
];
