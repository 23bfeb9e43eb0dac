import { problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { accountView } from '../accounts/account.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { sessionEnded } from '../profile/profile.openapi.ts';
import { passwordBody, resetBody, resetRequestBody, resetRequestView } from './passwords.routes.ts';

const NEW_PASSWORD = 'correct horse battery staple';
/** Responses of operations that ask for the password of the person who is signed in. */
export const passwordAsked = [problemAnswer('invalid-credentials'), problemAnswer('too-many-attempts'), sessionEnded];

/** Passwords. */
export const passwordOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/accounts/password-reset',
    operationId: 'requestPasswordReset',
    route: 'accounts-password-reset',
    summary: 'Ask for a link to choose a new password',
    description:
      'The mailbox of an account gets the link, at most 3 mails an hour. An account that was never verified gets a link to verify it.',
    tag: 'passwords',
    groups: [],
    body: { schema: resetRequestBody, example: { email: ada.email } },
    answers: [
      success(202, 'Accepted, for a known and an unknown address alike.', resetRequestView, { email: ada.email }),
    ],
  },
  {
    method: 'put',
    path: '/accounts/password',
    operationId: 'resetPassword',
    route: 'accounts-password',
    summary: 'Choose a new password, with the token from the mail',
    description:
      'Ends all sessions of the account and all other links, and forgets failed sign-ins. The same token with the same password is answered again until it expires, after 3 hours.',
    tag: 'passwords',
    groups: [],
    body: { schema: resetBody, example: { token: 'token-from-the-mail', password: NEW_PASSWORD } },
    answers: [
      success(200, 'The password is changed; sign in with it.', accountView, ada),
      problemAnswer('token-invalid'),
    ],
  },
  {
    method: 'put',
    path: '/accounts/me/password',
    operationId: 'changePassword',
    route: 'accounts-me-password',
    summary: 'Change the password',
    description:
      'Ends all other sessions of the account, and the links in mails. A repeat is answered the same: then `current` is wrong, and `password` is the present one.',
    tag: 'passwords',
    groups: [],
    people: ['shopper', 'staff'],
    body: { schema: passwordBody, example: { current: 'the password so far', password: NEW_PASSWORD } },
    answers: [success(200, 'The password is changed.', accountView, ada), ...passwordAsked],
  },
];
