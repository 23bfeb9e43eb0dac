import type { Operation } from '@shop/chassis/edge/openapi/document.ts';
import { accountView } from '../accounts/account.ts';
import { ada } from '../accounts/accounts.openapi.ts';

/** The end of an account. */
export const deletionOperations: readonly Operation[] = [
  {
    method: 'delete',
    path: '/accounts/me',
    operationId: 'deleteAccount',
    route: 'accounts-me-delete',
    summary: 'Delete the own account',
    description:
      'Removes name, mail address, password, addresses, sessions and mails at once; orders keep their numbers. The mail address is free again. A repeat is answered the same while the access token is valid; everything else then gets `session-ended` here.',
    tag: 'profile',
    groups: [],
    people: ['shopper'],
    versioned: { schema: accountView, example: ada },
    answers: [{ status: 204, description: 'The account is deleted, by this request or before.', examples: {} }],
  },
];
