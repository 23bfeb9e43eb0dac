/**
 * Fingerprint definitions for writes to the own account. The paths in version 1 are names that stay when a route changes. Frozen: a
 * change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';

export const changeOwnAccount: Operation<{ name?: string | undefined; locale?: string | undefined }> = {
  id: 'changeOwnAccount',
  forms: { 1: ({ name, locale }) => ['PATCH', '/accounts/me', {}, { name, locale }] },
  writes: 1,
};
