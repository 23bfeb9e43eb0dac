import { problemAnswer, success } from '@shop/chassis/edge/openapi/answers.ts';
import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { z } from 'zod';
import { ada } from '../accounts/accounts.openapi.ts';
import { accountRecord } from './account-record.ts';
import { lookupBody } from './lookup.routes.ts';

const record = {
  ...ada,
  status: 'active',
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-05T09:30:00.000Z',
};
const accountId = z.uuid().meta({ description: 'Id of the account' });
const notFound = problemAnswer('account-not-found');

/** Accounts, for the back office. */
export const lookupOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/accounts/lookup',
    operationId: 'lookUpAccount',
    route: 'accounts-lookup',
    summary: 'Find the account with a mail address',
    description: 'It only reads. The address is in the body, because URLs are logged in many places.',
    tag: 'accounts',
    groups: ['backoffice'],
    readsOnly: true,
    body: { schema: lookupBody, example: { email: ada.email } },
    answers: [success(200, 'The account.', accountRecord, record), notFound],
  },
  {
    method: 'get',
    path: '/accounts/{id}',
    operationId: 'readAccount',
    route: 'accounts-read',
    summary: 'Read an account',
    description: 'A deleted account is shown as `deleted`, without anything personal, because orders have its id.',
    tag: 'accounts',
    groups: ['backoffice'],
    parameters: { id: accountId },
    versioned: { schema: accountRecord, example: record },
    answers: [success(200, 'The account.', accountRecord, record), notFound],
  },
];
