import { callingAdvice, type Operation, type Published, toDocument } from '@shop/chassis/edge/openapi/document.ts';
import { deadLetterOperations } from '@shop/chassis/operations/dead-letters/dead-letters.openapi.ts';
import { streamOperations } from '@shop/chassis/operations/stream/stream.openapi.ts';
import { serviceOperations } from '@shop/chassis/service/service-operations.ts';
import { accountOperations } from './accounts/accounts.openapi.ts';
import { addressOperations } from './addresses/addresses.openapi.ts';
import { profileOperations } from './profile/profile.openapi.ts';
import { sessionOperations } from './sessions/sessions.openapi.ts';
import { signingKeyOperations } from './signing-keys/signing-keys.openapi.ts';

/** All operations that the gateway routes to account-service. */
export const operations: readonly Operation[] = [
  ...accountOperations,
  ...sessionOperations,
  ...profileOperations,
  ...addressOperations,
  ...signingKeyOperations,
  // It consumes no queue; what cannot be encoded for the broker is set aside under the name of the outbox.
  ...deadLetterOperations('/operations/accounts', 'outbox'),
  ...streamOperations('/operations/accounts', { queue: 'outbox' }),
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
        addresses: 'Addresses of the own account',
        'signing keys': 'Keys that verify access tokens',
        'dead letters': 'Messages that could not be published: inspect, replay and discard them',
        stream: 'What happens, while it happens',
        service: 'Health and documentation of the service',
      },
      operations,
    },
    published,
  );
}
