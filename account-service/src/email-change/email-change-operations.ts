/**
 * Fingerprint definitions for the change of a mail address. The paths in version 1 are names that stay when a route changes.
 * Frozen: a change of a form needs a new version (docs/adr/0023).
 */
import type { Operation } from '@shop/chassis/reliable/idempotency/fingerprint.ts';

export const confirmEmailChange: Operation<{ token: string }> = {
  id: 'confirmEmailChange',
  forms: { 1: ({ token }) => ['POST', '/accounts/me/email/confirmation', {}, { token }] },
  writes: 1,
};
