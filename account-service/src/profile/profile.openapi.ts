import { problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { accountView } from '../accounts/account.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { profileBody } from './profile.routes.ts';

export const sessionEnded = problemAnswer('session-ended');
const renamed = { ...ada, name: 'Countess Lovelace', version: 3 };

/** The own account. */
export const profileOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/accounts/me',
    operationId: 'readOwnAccount',
    route: 'accounts-me-read',
    summary: 'Read the own account',
    description: 'The account of the person who is signed in.',
    tag: 'profile',
    groups: [],
    people: ['shopper', 'staff'],
    versioned: { schema: accountView, example: ada },
    answers: [success(200, 'The account.', accountView, ada), sessionEnded],
  },
  {
    method: 'patch',
    path: '/accounts/me',
    operationId: 'changeOwnAccount',
    route: 'accounts-me-change',
    summary: 'Change name or language',
    description: 'Members that are absent stay as they are.',
    tag: 'profile',
    groups: [],
    people: ['shopper', 'staff'],
    body: { schema: profileBody, example: { name: renamed.name } },
    versioned: { schema: accountView, example: ada },
    answers: [
      {
        ...success(200, 'The account, as it is now.', accountView, renamed),
        headers: { 'Idempotent-Replayed': false },
      },
      sessionEnded,
    ],
  },
];
