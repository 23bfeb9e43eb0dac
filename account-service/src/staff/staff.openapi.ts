import { pageOf, success } from '@shop/chassis/edge/openapi/answers.ts';
import { nextPage, type Operation } from '@shop/chassis/edge/openapi/document.ts';
import { ada } from '../accounts/accounts.openapi.ts';
import { accountRecord } from '../lookup/account-record.ts';
import { staffQuery } from './staff.routes.ts';

const member = {
  ...ada,
  roles: ['operations'],
  status: 'active',
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-05T09:30:00.000Z',
};

/** Who is staff. */
export const staffOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/operations/accounts/staff',
    operationId: 'listStaff',
    route: 'operations-accounts-staff',
    summary: 'List everybody with a role, by mail address',
    description:
      'Who was invited and has not chosen a password yet is `unverified`. Roles are changed by `npm run staff`.',
    tag: 'accounts',
    groups: ['backoffice', 'operations'],
    query: staffQuery,
    answers: [success(200, 'A page.', pageOf(accountRecord), { items: [member] })],
    links: nextPage('listStaff'),
  },
];
