import { problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { sessionView } from '../sessions/session-answer.ts';
import { signUpBody, signUpView, verificationBody } from './accounts.routes.ts';

/** The account of the examples. */
export const ada = {
  id: '0195f0a0-0000-7000-8000-000000000001',
  email: 'ada@example.org',
  name: 'Ada Lovelace',
  locale: 'en',
  roles: [],
  version: 2,
};

const verified = sessionView.partial({ expiresIn: true }).meta({ id: 'Verified' });

/** Sign-up. */
export const accountOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/accounts',
    operationId: 'signUp',
    route: 'accounts-sign-up',
    summary: 'Sign up with a mail address',
    description:
      'The mailbox gets a link with which to choose a password, or a note if there is an account already. At most 3 mails an hour are sent to an address.',
    tag: 'accounts',
    groups: [],
    body: { schema: signUpBody, example: { email: ada.email, locale: ada.locale } },
    answers: [success(202, 'Accepted, for a known and an unknown address alike.', signUpView, { email: ada.email })],
  },
  {
    method: 'post',
    path: '/accounts/verification',
    operationId: 'verifyAccount',
    route: 'accounts-verify',
    summary: 'Choose a password, with the token from the mail',
    description:
      'Makes the account active. The same token with the same name and password is answered again until it expires, after 24 hours. With `X-Caller` the response is a session as well, as of `POST /sessions`; there is none for `staff` if the account has no role.',
    tag: 'accounts',
    groups: [],
    signsIn: 'x-caller-optional',
    body: {
      schema: verificationBody,
      example: { token: 'token-from-the-mail', password: 'correct horse battery staple', name: ada.name },
    },
    answers: [
      {
        ...success(201, 'The account is active.', verified, { account: ada, expiresIn: 900 }),
        headers: { 'Set-Cookie': false, 'Cache-Control': true },
      },
      problemAnswer('token-invalid'),
    ],
  },
];
