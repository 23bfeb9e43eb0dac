import { hash } from 'node:crypto';
import { fingerprintOf } from '../../reliable/idempotency/fingerprint.ts';
import { reconcile } from './reconcile-operation.ts';

it('asking for a comparison has the fingerprint of the first release', () => {
  const { bytes } = fingerprintOf(reconcile, { base: '/operations/orders' });
  expect(bytes.toString('hex')).toBe(hash('sha256', '["POST","/operations/orders/reconciliation",{},{}]', 'hex'));
});
