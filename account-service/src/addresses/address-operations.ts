/**
 * Fingerprint definitions for writes to addresses. The paths in version 1 are names that stay when a route changes. Frozen: a
 * change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';
import type { PostalAddress } from './address.ts';

export const createAddress: Operation<PostalAddress> = {
  id: 'createAddress',
  forms: {
    1: ({ name, street, postalCode, city, country }) => [
      'POST',
      '/accounts/me/addresses',
      {},
      { name, street, postalCode, city, country },
    ],
  },
  writes: 1,
};
