import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { reconciliationOperations } from '@shop/chassis/operations/reconciliation/reconciliation.openapi.ts';
import { streamOperations } from '@shop/chassis/operations/stream/stream.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { accountOperations } from './accounts/accounts.openapi.ts';
import { addressOperations } from './addresses/addresses.openapi.ts';
import { deletionOperations } from './deletion/deletion.openapi.ts';
import { emailChangeOperations } from './email-change/email-change.openapi.ts';
import { exportOperations } from './export/export.openapi.ts';
import { lookupOperations } from './lookup/lookup.openapi.ts';
import { orderHistoryOperations } from './order-history/order-history.openapi.ts';
import { passwordOperations } from './passwords/passwords.openapi.ts';
import { profileOperations } from './profile/profile.openapi.ts';
import { orderHistoryQueue } from './queues.ts';
import { sessionOperations } from './sessions/sessions.openapi.ts';
import { signingKeyOperations } from './signing-keys/signing-keys.openapi.ts';
import { staffOperations } from './staff/staff.openapi.ts';

/** All operations that the gateway routes to account-service. */
export const operations: readonly Operation[] = [
  ...accountOperations,
  ...lookupOperations,
  ...staffOperations,
  ...sessionOperations,
  ...profileOperations,
  ...deletionOperations,
  ...exportOperations,
  ...emailChangeOperations,
  ...addressOperations,
  ...passwordOperations,
  ...signingKeyOperations,
  ...orderHistoryOperations,
  ...deadLetterOperations('/operations/accounts', orderHistoryQueue.name),
  ...reconciliationOperations('/operations/accounts', {
    kind: 'history-behind',
    subject: '0195f0a0-0000-7000-8000-00000000000c',
    expected: 'shipped, version 3',
    found: 'confirmed, version 2',
    because: 'Its last events were lost.',
    proposal: 'None needed: the order was read again.',
    repaired: true,
  }),
  ...streamOperations('/operations/accounts', { queue: orderHistoryQueue.name }),
  ...serviceOperations('accounts'),
];

/** The OpenAPI document of account-service. */
export function describeService(published: Published) {
  return toDocument(
    {
      title: 'Accounts',
      summary: 'People who sign in',
      description: `People who sign in, and the keys that verify their access tokens.\n\n${callingAdvice}`,
      tags: {
        accounts: 'Sign-up',
        sessions: 'Sign-in, refresh and sign-out',
        profile: 'The own account',
        passwords: 'Forgotten passwords, and changes',
        addresses: 'Addresses of the own account',
        'signing keys': 'Keys that verify access tokens',
        orders: 'The orders of a shopper',
        'dead letters': 'Messages that could not be handled: inspect, replay and discard them',
        reconciliation: 'Comparison of records that must agree',
        stream: 'What happens, while it happens',
        service: 'Health and documentation of the service',
      },
      operations,
    },
    published,
  );
}
