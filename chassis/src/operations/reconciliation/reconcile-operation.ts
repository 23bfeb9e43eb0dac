import type { Operation } from '../../reliable/idempotency/fingerprint.ts';

/**
 * What the fingerprint of asking for a comparison is made of. The path in version 1 is a name that stays when the route
 * changes. Frozen: a change of the form is a new version of it (docs/adr/0023).
 */
export const reconcile: Operation<{ base: string }> = {
  id: 'reconcile',
  forms: { 1: ({ base }) => ['POST', `${base}/reconciliation`, {}, {}] },
  writes: 1,
};
