import type { Operation } from '../../reliable/idempotency/fingerprint.ts';

/**
 * Fingerprint definition for requesting a reconciliation. The path in version 1 is a name that stays when the route changes.
 * Frozen: a change of the form needs a new version (docs/adr/0023).
 */
export const reconcile: Operation<{ base: string }> = {
  id: 'reconcile',
  forms: { 1: ({ base }) => ['POST', `${base}/reconciliation`, {}, {}] },
  writes: 1,
};
