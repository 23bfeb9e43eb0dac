import { type Answer, problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { sessionView } from './session-answer.ts';
import { refreshBody, signInBody } from './sessions.routes.ts';

// For an office behind one address.
const REQUESTS_PER_MINUTE = 600;
const headers = { 'Set-Cookie': false, 'Cache-Control': true };

/** A session to a page. */
function session(status: number, description: string): Answer {
  return { ...success(status, description, sessionView, { account: ada, expiresIn: 900 }), headers };
}

const signedOut: Answer = {
  status: 204,
  description:
    'Signed out; also if the session had ended before. Access tokens live until they expire, 15 minutes at most.',
  examples: {},
  headers,
};

/** `/sessions`. */
export const sessionOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/sessions',
    operationId: 'signIn',
    route: 'sessions-sign-in',
    requestsPerMinute: REQUESTS_PER_MINUTE,
    summary: 'Sign in with mail address and password',
    description:
      'A page gets its tokens in cookies, an app in the response. The access token lives for 15 minutes (staff: 5), and the session for 30 days at most (staff: 12 hours).',
    tag: 'sessions',
    groups: [],
    signsIn: 'x-caller-required',
    body: { schema: signInBody, example: { email: ada.email, password: 'correct horse battery staple' } },
    answers: [session(201, 'Signed in.'), problemAnswer('invalid-credentials'), problemAnswer('too-many-attempts')],
  },
  {
    method: 'post',
    path: '/sessions/refresh',
    operationId: 'refreshSession',
    route: 'sessions-refresh',
    requestsPerMinute: REQUESTS_PER_MINUTE,
    summary: 'Get the next pair of tokens',
    description:
      'With the cookie of the refresh token, or with `refreshToken`. A repeat with the same token gets the same next refresh token, until that one is used and for 30 seconds. If it comes later, two parties have the token, and the session ends. Roles are those of this moment.',
    tag: 'sessions',
    groups: [],
    signsIn: 'x-caller-required',
    body: { schema: refreshBody, example: {}, optional: true },
    answers: [session(200, 'Refreshed.'), { ...problemAnswer('session-ended'), headers: { 'Set-Cookie': false } }],
  },
  {
    method: 'delete',
    path: '/sessions/current',
    operationId: 'signOut',
    route: 'sessions-current',
    summary: 'Sign out',
    description: 'Ends the session of the access token, and removes the cookies.',
    tag: 'sessions',
    groups: [],
    people: ['shopper', 'staff'],
    answers: [signedOut],
  },
  {
    method: 'delete',
    path: '/sessions',
    operationId: 'signOutEverywhere',
    route: 'sessions-all',
    summary: 'Sign out everywhere',
    description: 'Ends all sessions of the account, in the shop and in the console.',
    tag: 'sessions',
    groups: [],
    people: ['shopper', 'staff'],
    answers: [signedOut],
  },
];
